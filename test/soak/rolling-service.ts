import { setTimeout as wait } from "node:timers/promises";
import type { KubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { type Pod, type PodOptions, startPod } from "./pod.ts";

/** How long a Pod serves after the cluster has said that it is terminating. */
const LAST_MS = 1_000;

type Conditions = { ready: boolean; serving: boolean; terminating: boolean };
const READY: Conditions = { ready: true, serving: true, terminating: false };
const TERMINATING: Conditions = { ready: false, serving: true, terminating: true };

/** A service whose Pods can be replaced one after the other, as a Deployment does. */
export interface RollingService {
  /** Replaces every Pod; one step takes `stepMs`, and a Pod ends while the next ones are replaced. */
  roll(stepMs: number): Promise<void>;
  /** Pods that ended so far. */
  readonly ended: number;
  /** Waits for the Pods that are ending, and ends the others. */
  close(): Promise<void>;
}

export interface RollingOptions {
  api: KubernetesApi;
  service: string;
  pods: number;
  onRequest: PodOptions["onRequest"];
}

export async function startRollingService(options: RollingOptions): Promise<RollingService> {
  const { api, service, onRequest } = options;
  const running = new Map<Pod, Conditions>();
  const ending = new Set<Promise<void>>();
  let port = 0;
  let started = 0;
  let ended = 0;

  const publish = (): void => {
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${service}-1`, namespace: "default", labels: { "kubernetes.io/service-name": service } },
      addressType: "IPv4",
      ports: [{ name: "http", port, protocol: "TCP" }],
      endpoints: [...running].map(([pod, conditions]) => ({ addresses: [pod.address], conditions })),
    };
    api.apply(slice);
  };
  const start = async (): Promise<void> => {
    started += 1;
    // All of 127.0.0.0/8 is this machine: each Pod has an address of its own, and all the same port.
    const address = `127.1.${started >> 8}.${started & 255}`;
    const pod = await startPod({ name: `${service}-${started}`, address, port, onRequest });
    port = pod.port;
    running.set(pod, READY);
  };
  const end = async (pod: Pod): Promise<void> => {
    running.set(pod, TERMINATING);
    publish();
    await wait(LAST_MS);
    await pod.shutDown();
    running.delete(pod);
    publish();
    ended += 1;
  };

  for (let index = 0; index < options.pods; index++) await start();
  publish();
  return {
    get ended() {
      return ended;
    },
    async roll(stepMs) {
      const old = [...running.keys()].filter((pod) => running.get(pod) === READY);
      for (const pod of old) {
        await start();
        publish();
        const finished = end(pod).finally(() => ending.delete(finished));
        ending.add(finished);
        await wait(stepMs);
      }
    },
    async close() {
      await Promise.all(ending);
      await Promise.all([...running.keys()].map((pod) => pod.shutDown()));
    },
  };
}
