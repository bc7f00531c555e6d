import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { podName } from "./pod-name.ts";
import { makeService, makeSlices, servicesWithoutEndpoints } from "./stand-in-objects.ts";
import { isUdpKind } from "./udp-kinds.ts";
import { startWhoami, type WhoamiPod } from "./whoami.ts";

const PODS_FOR_EACH = 2;

/**
 * Whoami Pods for Services that have none in the folder, and Services for names that are used but not defined.
 * Its objects keep their identity as long as nothing about them changes, so that only what changed is translated
 * again.
 */
export class StandIns {
  readonly #pods = new Map<string, WhoamiPod[]>();
  /** The ports by which Services that are not in the folder are used. */
  readonly #absent = new Map<string, { service: KubernetesObject; ports: Set<string> }>();
  readonly #made = new Map<string, KubernetesObject>();
  #slices = new Map<KubernetesObject, KubernetesObject[]>();

  /** Forgets which Services are used and do not exist; their Pods stay for when they are used again. */
  forget(): void {
    this.#absent.clear();
  }

  /** The objects to add to the folder's. Starts and stops Pods as needed. */
  async objects(folder: ObjectReader): Promise<KubernetesObject[]> {
    const absent = [...this.#absent.values()]
      .map(({ service }) => service)
      .filter(({ metadata: { namespace = "", name } }) => folder.get("Service", namespace, name) === undefined);
    const services = [...servicesWithoutEndpoints(folder), ...absent];
    const slices = new Map<KubernetesObject, KubernetesObject[]>();
    for (const service of services) {
      slices.set(service, this.#slices.get(service) ?? makeSlices(service, await this.#podsOf(service)));
    }
    this.#slices = slices;
    return [...absent, ...[...slices.values()].flat()];
  }

  /** Takes note of a Service, or a port of one, that is used and does not exist. @returns whether that was news */
  note({ code, object, refersTo }: Problem): boolean {
    if (refersTo?.kind !== "Service") return false;
    const { namespace, name } = refersTo;
    const port = `${refersTo.port ?? ""}${isUdpKind(object.kind) ? "/udp" : ""}`;
    const key = keyOf(namespace, name);
    const known = this.#absent.get(key);
    const isAbsent = code === "service-not-found" || code === "backend-not-found";
    if (!isAbsent && !(code === "service-port-not-found" && known)) return false;
    if (known?.ports.has(port)) return false;
    const ports = new Set([...(known?.ports ?? []), port]);
    this.#absent.set(key, { ports, service: this.#make(namespace, name, ports) });
    return true;
  }

  /** The ports on which stand-in Pods listen. */
  ports(): Set<number> {
    return new Set([...this.#pods.values()].flat().map((pod) => pod.port));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pods.values()].flat().map((pod) => pod.close()));
    this.#pods.clear();
  }

  #make(namespace: string, name: string, ports: ReadonlySet<string>): KubernetesObject {
    const key = [keyOf(namespace, name), ...ports].join(" ");
    const service = this.#made.get(key) ?? makeService(namespace, name, ports);
    this.#made.set(key, service);
    return service;
  }

  async #podsOf({ metadata: { namespace = "default", name } }: KubernetesObject): Promise<WhoamiPod[]> {
    const key = keyOf(namespace, name);
    let pods = this.#pods.get(key);
    if (pods === undefined) {
      const names = Array.from({ length: PODS_FOR_EACH }, (_, index) => podName(namespace, name, index));
      pods = await Promise.all(names.map(startWhoami));
      this.#pods.set(key, pods);
    }
    return pods;
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;
