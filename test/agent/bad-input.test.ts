import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Table } from "../../src/table/table.ts";
import type { HostWatch } from "../../sync-agent/agent/agent-parts.ts";
import { readAgentSettings } from "../../sync-agent/agent/agent-settings.ts";
import type { OpenPublishing } from "../../sync-agent/agent/publishing.ts";
import { createSnapshotPublisher } from "../../sync-agent/agent/snapshot-publisher.ts";
import { type StartedAgent, startAgent } from "../../sync-agent/agent/start-agent.ts";
import { createMemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { readPublished } from "../../sync-agent/publish/read-published.ts";
import type { AnyObject } from "../doubles/kubernetes-api/api-object.ts";
import { type KubernetesApi, startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { fakeParts, hostsOf, type LogLine } from "./fake-parts.ts";

let folder: string;
let api: KubernetesApi;
let agent: StartedAgent | undefined;
let lines: LogLine[];
let published: () => Promise<Table | undefined>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-bad-"));
  await writeFile(join(folder, "feed-token"), "secret\n");
  await writeFile(join(folder, "seal-key"), `${Buffer.alloc(32, 1).toString("base64")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  api = await startKubernetesApi();
});
afterEach(async () => {
  await agent?.stop();
  agent = undefined;
  await api.close();
});

const noHosts: HostWatch = { update: () => {}, problems: () => [], onChange: () => {}, close: async () => {} };

/** An agent that follows the API server and publishes to a store in this process. */
async function start(): Promise<void> {
  const store = createMemoryStore("test");
  const open: OpenPublishing = async () => ({
    publisher: createSnapshotPublisher(store),
    describe: async () => "",
    hosts: noHosts,
    admin: undefined,
  });
  const settings = readAgentSettings(
    {
      kubeconfig: api.kubeconfigPath(),
      "account-id": "acc",
      "kv-namespace-id": "kv",
      "feed-token-file": join(folder, "feed-token"),
      "seal-key-file": join(folder, "seal-key"),
      feed: "127.0.0.1:0",
      operations: "127.0.0.1:0",
      lease: false,
      throttle: "20ms",
    },
    { env: { CLOUDFLARE_API_TOKEN: "token" }, hostName: "agent" },
  );
  const fakes = fakeParts();
  lines = fakes.lines;
  agent = await startAgent(settings, fakes.parts.log, open);
  published = async () => {
    const pointer = await store.pointer();
    return pointer && readPublished(store, pointer);
  };
}

type Metadata = { name: string; namespace: string };
const named = (name: string): Metadata => ({ name, namespace: "default" });
const traefik = (kind: string, name: string, spec: unknown) => ({
  apiVersion: "traefik.io/v1alpha1",
  kind,
  metadata: named(name),
  spec,
});
const routeOf = (name: string, rule: object = {}) => ({
  kind: "Rule",
  match: `Host(\`${name}.example.com\`)`,
  services: [{ name: "app", port: 80 }],
  ...rule,
});
const route = (name: string, rule?: object) => traefik("IngressRoute", name, { routes: [routeOf(name, rule)] });
const service = { apiVersion: "v1", kind: "Service", metadata: named("app"), spec: { ports: [{ port: 80 }] } };
const slice = (name: string, endpoints: unknown) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { ...named(name), labels: { "kubernetes.io/service-name": "app" } },
  addressType: "IPv4",
  ports: [{ port: 8080 }],
  endpoints,
});
const good = slice("app-good", [{ addresses: ["10.0.0.1"], conditions: { ready: true } }]);

/** Resolves when just these hosts are published. */
const hosts = (...names: string[]): Promise<void> =>
  expect
    .poll(async () => hostsOf(await published()), { timeout: 10_000 })
    .toEqual(names.map((name) => `${name}.example.com`).sort());

const addresses = async (): Promise<string[]> =>
  Object.values((await published())?.endpoints ?? {}).flatMap(({ endpoints }) =>
    endpoints.map(({ address }) => address),
  );

/** Resolves when a problem with this object has been told. */
const told = (code: string, kind: string, name: string): Promise<void> =>
  expect
    .poll(() => lines.filter(({ message }) => message.startsWith("problem: ")), { timeout: 10_000 })
    .toContainEqual(expect.objectContaining({ fields: expect.objectContaining({ code, kind, name }) }));

const large = route("bad", { match: `Host(\`bad.example.com\`) || Path(\`/${"x".repeat(1024 * 1024)}\`)` });
const broken: [what: string, code: string, object: AnyObject, isServed: boolean][] = [
  ["a route without a list of routes", "invalid-field", traefik("IngressRoute", "bad", { routes: "all" }), false],
  ["a route without a spec", "invalid-field", traefik("IngressRoute", "bad", undefined), false],
  ["a rule that does not parse", "rule-syntax", route("bad", { match: "Host(" }), false],
  ["an object of more than 1 MiB", "object-too-large", large, false],
  ["a field that nobody knows", "unknown-field", route("bad", { servces: [] }), true],
  ["a middleware that is none", "invalid-field", traefik("Middleware", "bad", { stripPrefix: 7 }), false],
  [
    "an Ingress whose rules are text",
    "invalid-field",
    { ...service, apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: named("bad"), spec: { rules: "x" } },
    false,
  ],
];

it.each(broken)("%s is a problem on it, and all else is published", async (_, code, object, isServed) => {
  const others = [service, good, route("first")];
  for (const one of [object, ...others]) api.apply(one);
  await start();
  await hosts("first", ...(isServed ? ["bad"] : []));
  await told(code, object.kind, object.metadata.name);
  api.apply(route("later"));
  await hosts("first", "later", ...(isServed ? ["bad"] : []));
  expect(await addresses()).toEqual(["10.0.0.1"]);
});

it("endpoints that are no list are a problem on the route that they are for, which keeps the others", async () => {
  for (const one of [service, good, slice("bad", "10.0.0.9"), route("first")]) api.apply(one);
  await start();
  await told("invalid-field", "IngressRoute", "first");
  await hosts("first");
  expect(await addresses()).toEqual(["10.0.0.1"]);
  expect(lines.map(({ message }) => message).join()).toContain("EndpointSlice `bad`");
});

it("a Secret that disappears is a problem on what needs it, which is closed, and all else is served as before", async () => {
  const users = traefik("Middleware", "users", { basicAuth: { secret: "users" } });
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: named("users"),
    data: { users: Buffer.from("ann:$apr1$lZ2GcuMW$2u6pZ2uBNk2LSgOW3F7.Q/").toString("base64") },
  };
  for (const one of [
    service,
    good,
    secret,
    users,
    route("open"),
    route("closed", { middlewares: [{ name: "users" }] }),
  ]) {
    api.apply(one);
  }
  await start();
  await hosts("open", "closed");
  const closed = async (): Promise<(boolean | undefined)[]> =>
    ((await published())?.routers ?? [])
      .toSorted((a, b) => (a.ruleText < b.ruleText ? -1 : 1))
      .map(({ closedBy }) => closedBy !== undefined);
  expect(await closed()).toEqual([false, false]);
  api.delete({ apiVersion: "v1", kind: "Secret" }, "users");
  await told("secret-not-found", "Middleware", "users");
  await expect.poll(closed).toEqual([true, false]);
  await hosts("open", "closed");
  api.apply(secret);
  await expect.poll(closed).toEqual([false, false]);
});

it.each(["older", "missing", "garbage"] as const)(
  "a server whose watch says a resourceVersion that is %s is a problem on the object, and nothing is missed",
  async (resourceVersion) => {
    for (const one of [service, good, route("first")]) api.apply(one);
    await start();
    await hosts("first");
    await api.until(() => api.watches("ingressroutes").length > 0);
    api.lie({ resourceVersion, kind: "IngressRoute" });
    api.apply(route("second"));
    await told("version-distrusted", "IngressRoute", "second");
    await hosts("first", "second");
    api.apply(route("third"));
    await hosts("first", "second", "third");
  },
);
