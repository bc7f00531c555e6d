import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { putNamed } from "../gateway-api/put-named.ts";
import { type BackendRef, resolveBackend } from "../kubernetes/resolve-backend.ts";
import type { Context, Place } from "../traefik/context.ts";

/** One port of one Kubernetes Service, as a route of TCP or UDP refers to it. */
export interface StreamRef extends BackendRef {
  allowExternalName: boolean;
  /** The Service's own address takes everything, instead of its Pods. */
  nativeLB?: boolean | undefined;
}

export interface StreamBackend {
  /** The key of its entry in `relayEndpoints`, which is in the fragment now. */
  endpoints: string;
  service: KubernetesObject;
}

/**
 * Finds where the connections or datagrams to a Service's port go, and puts that into the fragment. Undefined, with
 * the problem reported, when it cannot be told.
 */
export function useStreamBackend(
  ref: StreamRef,
  protocol: "TCP" | "UDP",
  place: Place,
  { objects, table }: Pick<Context, "objects" | "table">,
): StreamBackend | undefined {
  const { namespace, name, port } = ref;
  const resolved = resolveBackend({ namespace, name, port }, objects, {
    allowExternalName: ref.allowExternalName,
    protocol,
  });
  for (const problem of "problem" in resolved ? [resolved.problem] : resolved.problems) {
    const field = problem.code === "service-port-not-found" && port !== undefined ? "port" : "name";
    place.report({ ...problem, path: [...place.path, field] });
  }
  if ("problem" in resolved) return undefined;
  const { key, endpoints: pods, service } = resolved;
  const { clusterIp } = pods;
  const isNative = ref.nativeLB === true && clusterIp !== undefined;
  // A Service may have one number for both protocols, with other Pods' ports behind it.
  const suffix = `${protocol === "UDP" ? "-udp" : ""}${isNative ? "-native" : ""}`;
  const endpoints = isNative ? { endpoints: [{ ...clusterIp, state: "ready" as const }] } : pods;
  return { endpoints: putNamed(table.relayEndpoints, `${key}${suffix}`, endpoints), service };
}
