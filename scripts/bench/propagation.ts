import http from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { type Pod, startPod } from "../../test/soak/pod.ts";
import { type SoakRig, startSoakRig } from "../../test/soak/soak-rig.ts";

/** Milliseconds, each of one change. */
export interface Propagation {
  /** From a route's creation to the end of the first request that it served. */
  routeMs: number[];
  /** From an endpoint's removal from its EndpointSlice to the last request that its Pod still got; 0: none at all. */
  removalMs: number[];
}

export interface PropagationOptions {
  /** The agent's `--throttle`; undefined: its default. */
  throttle: string | undefined;
  routes: number;
  /** Milliseconds from one route to the next, whether the one before is served or not. */
  routeEveryMs: number;
  removals: number;
}

const HOST = "steady.example.com";
const TRAFFIC_EVERY_MS = 10;
const ASK_EVERY_MS = 20;
/** For how long a Pod that is gone from its slice is watched, and for how long it is back before that. */
const WATCH_MS = 1_000;

/** How long changes take from the API server to what clients see, agent, KV, Worker and relay being as they are in use. */
export async function measurePropagation(options: PropagationOptions): Promise<Propagation> {
  const rig = await startSoakRig({
    agentFlags: options.throttle === undefined ? [] : ["--throttle", options.throttle],
  });
  const lastRequest = new Map<string, number>();
  const pods: Pod[] = [];
  try {
    for (const address of ["127.1.0.1", "127.1.0.2"]) {
      const onRequest = (): void => void lastRequest.set(address, performance.now());
      pods.push(await startPod({ name: address, address, port: pods[0]?.port ?? 0, onRequest }));
    }
    const list = (addresses: readonly string[]): void => void rig.api.apply(sliceOf(addresses, pods[0]?.port ?? 0));
    const all = pods.map(({ address }) => address);
    rig.api.apply(service);
    rig.api.apply(routeOf("steady", HOST));
    list(all);
    await untilServed(rig, HOST);
    const stopTraffic = startTraffic(rig.edge.port);
    try {
      const routeMs = await measureRoutes(rig, options);
      const removalMs: number[] = [];
      for (let round = 0; round < options.removals; round++) {
        await wait(WATCH_MS);
        const removed = all[round % all.length] ?? "";
        const removedAt = performance.now();
        list(all.filter((address) => address !== removed));
        await wait(WATCH_MS);
        removalMs.push(Math.max(0, (lastRequest.get(removed) ?? 0) - removedAt));
        list(all);
      }
      return { routeMs, removalMs };
    } finally {
      await stopTraffic();
    }
  } finally {
    await Promise.all(pods.map((pod) => pod.shutDown()));
    await rig.close();
  }
}

async function measureRoutes(rig: SoakRig, { routes, routeEveryMs }: PropagationOptions): Promise<number[]> {
  const measured: Promise<number>[] = [];
  for (let route = 0; route < routes; route++) {
    const host = `route-${route}.example.com`;
    const appliedAt = performance.now();
    rig.api.apply(routeOf(`route-${route}`, host));
    measured.push(untilServed(rig, host).then(() => performance.now() - appliedAt));
    // Not in step with whatever the agent does once in so many milliseconds.
    await wait(routeEveryMs * (0.5 + Math.random()));
  }
  return Promise.all(measured);
}

async function untilServed({ edge: { port } }: SoakRig, host: string): Promise<void> {
  while ((await get(port, host)) !== 200) await wait(ASK_EVERY_MS);
}

/** Returns what ends it. */
function startTraffic(port: number): () => Promise<unknown> {
  const open = new Set<Promise<unknown>>();
  const timer = setInterval(() => {
    const answered = get(port, HOST).finally(() => open.delete(answered));
    open.add(answered);
  }, TRAFFIC_EVERY_MS);
  return () => {
    clearInterval(timer);
    return Promise.all(open);
  };
}

const agent = new http.Agent({ keepAlive: true, scheduling: "fifo" });

const get = (port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, agent, headers: { Host: host } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    });
    request.on("error", reject);
  });

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "app", namespace: "default" },
  spec: { clusterIP: "None", ports: [{ name: "http", port: 80 }] },
};

const sliceOf = (addresses: readonly string[], port: number) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "app-1", namespace: "default", labels: { "kubernetes.io/service-name": "app" } },
  addressType: "IPv4",
  ports: [{ name: "http", port, protocol: "TCP" }],
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
});

const routeOf = (name: string, host: string) => ({
  apiVersion: "traefik.io/v1alpha1",
  kind: "IngressRoute",
  metadata: { name, namespace: "default" },
  spec: {
    entryPoints: ["web"],
    routes: [{ kind: "Rule", match: `Host(\`${host}\`)`, services: [{ name: "app", port: 80 }] }],
  },
});
