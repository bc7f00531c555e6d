import {
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  DiscoveryV1Api,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1Lease,
  V1MicroTime,
  type V1Service,
  Watch,
} from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KubernetesApi, startKubernetesApi } from "./kubernetes-api/kubernetes-api.ts";

let api: KubernetesApi;
let config: KubeConfig;
beforeEach(async () => {
  api = await startKubernetesApi({ tls: true, requireToken: true });
  config = new KubeConfig();
  config.loadFromString(api.kubeconfig());
});
afterEach(() => api.close());

const service = (name: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default" },
  spec: { ports: [{ port: 80 }] },
});

test("lists by pages", async () => {
  const slices = Array.from({ length: 25 }, (_, at) => `web-${String(at).padStart(2, "0")}`);
  for (const name of slices) {
    const labels = { "kubernetes.io/service-name": "web" };
    const object = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name, labels } };
    api.apply({ ...object, ...{ addressType: "IPv4", endpoints: [] } });
  }
  const client = config.makeApiClient(DiscoveryV1Api);
  const seen: (string | undefined)[] = [];
  let token: string | undefined;
  do {
    const list = await client.listEndpointSliceForAllNamespaces({ limit: 10, ...(token && { _continue: token }) });
    seen.push(...list.items.map(({ metadata }) => metadata?.name));
    token = list.metadata?._continue;
  } while (token);
  expect(seen).toEqual(slices);
  expect(api.requests.filter(({ verb }) => verb === "list")).toHaveLength(3);
});

test("follows by an informer what is there and what comes, also after a clean end and a compaction", async () => {
  api.apply(service("first"));
  const client = config.makeApiClient(CoreV1Api);
  const informer = makeInformer<V1Service>(config, "/api/v1/services", () => client.listServiceForAllNamespaces());
  const events: string[] = [];
  const waiting = new Map<string, () => void>();
  const note = (type: string) => (object: V1Service) => {
    const event = `${type} ${object.metadata?.name}`;
    events.push(event);
    waiting.get(event)?.();
  };
  const until = (event: string) =>
    events.includes(event) ? undefined : new Promise<void>((resolve) => waiting.set(event, resolve));
  for (const type of ["add", "update", "delete"] as const) informer.on(type, note(type));
  await informer.start();
  await until("add first");
  await api.until(() => api.watches("services").length === 1);
  api.apply(service("second"));
  await until("add second");
  api.apply({ ...service("second"), ...{ spec: { ports: [{ port: 81 }] } } });
  await until("update second");
  api.endWatches();
  api.delete({ apiVersion: "v1", kind: "Service" }, "first");
  await until("delete first");
  await api.until(() => api.watches("services").length === 1);
  api.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "moves-on" } });
  api.compact();
  api.endWatches();
  api.apply(service("third"));
  await until("add third");
  await informer.stop();
  expect(events.filter((event) => !event.startsWith("update"))).toEqual([
    "add first",
    "add second",
    "delete first",
    "add third",
  ]);
});

test("watches, and gets an ERROR event for a version that is forgotten", async () => {
  const old = api.resourceVersion;
  api.compact();
  const events: { type: string; code: number }[] = [];
  await new Promise<void>((resolve) => {
    const follow = (type: string, { code }: { code: number }) => events.push({ type, code });
    void new Watch(config).watch("/api/v1/services", { resourceVersion: old }, follow, () => resolve());
  });
  expect(events).toEqual([{ type: "ERROR", code: 410 }]);
});

test("makes a Lease, and of two who replace it one has a conflict", async () => {
  const client = config.makeApiClient(CoordinationV1Api);
  const body: V1Lease = {
    metadata: { name: "agent" },
    spec: { holderIdentity: "a", leaseDurationSeconds: 15, renewTime: new V1MicroTime() },
  };
  const made = await client.createNamespacedLease({ namespace: "default", body });
  await expect(client.createNamespacedLease({ namespace: "default", body })).rejects.toMatchObject({ code: 409 });
  const replace = (holderIdentity: string) => {
    const spec = { ...made.spec, holderIdentity, renewTime: new V1MicroTime() };
    return client.replaceNamespacedLease({ namespace: "default", name: "agent", body: { ...made, spec } });
  };
  const results = await Promise.allSettled([replace("b"), replace("c")]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: 409 } });
});

test("patches a status by merge, and applies on the server's side", async () => {
  const group = { group: "gateway.networking.k8s.io", version: "v1", namespace: "default", plural: "gateways" };
  const gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge", namespace: "default" },
    spec: { gatewayClassName: "sluice" },
  };
  api.apply(gateway);
  const client = config.makeApiClient(CustomObjectsApi);
  const status = { addresses: [{ value: "edge.example.com" }] };
  await client.patchNamespacedCustomObjectStatus(
    { ...group, name: "edge", body: { status } },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
  expect(api.get(gateway, "edge")).toMatchObject({ status, spec: gateway.spec, metadata: { generation: 1 } });
  await client.patchNamespacedCustomObjectStatus(
    { ...group, name: "edge", fieldManager: "sluice", body: { ...gateway, spec: undefined, status: {} } },
    setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply),
  );
  expect(api.get(gateway, "edge")?.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["sluice"]);
});

test("reads discovery, and works on objects of any kind by it", async () => {
  const client = KubernetesObjectApi.makeApiClient(config);
  const middleware = {
    apiVersion: "traefik.io/v1alpha1",
    kind: "Middleware",
    metadata: { name: "strip", namespace: "default" },
    spec: { stripPrefix: { prefixes: ["/a"] } },
  };
  await client.create(middleware);
  expect(await client.read(middleware)).toMatchObject({ spec: middleware.spec });
  await client.delete(middleware);
  expect(api.list(middleware)).toEqual([]);
});
