import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FlagValues, readAgentSettings } from "../../sync-agent/agent/agent-settings.ts";
import { dryRun } from "../../sync-agent/agent/dry-run.ts";
import { type StartedAgent, startAgent } from "../../sync-agent/agent/start-agent.ts";
import { type KubernetesApi, startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { Kubectl } from "../doubles/kubernetes-api/run-kubectl.ts";
import { type Backend, startBackend } from "../e2e/backend.ts";
import { fakeParts, ingress, type LogLine, service } from "./fake-parts.ts";
import { startWhole, type Whole } from "./start-whole.ts";

let whole: Whole;
let pod: Backend;
let folder: string;
let api: KubernetesApi;
const started: StartedAgent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-agent-"));
  await writeFile(join(folder, "feed-token"), "secret\n");
  [whole, pod] = await Promise.all([startWhole(), startBackend("pod")]);
});
beforeEach(async () => {
  api = await startKubernetesApi();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((agent) => agent.stop()));
  await api.close();
});
afterAll(async () => {
  await Promise.all([whole.close(), pod.close(), rm(folder, { recursive: true })]);
});

const podSlice = () => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "app-1", namespace: "default", labels: { "kubernetes.io/service-name": "app" } },
  addressType: "IPv4",
  ports: [{ name: "http", port: pod.port }],
  endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
});

const settingsOf = (flags: FlagValues) =>
  readAgentSettings(
    {
      kubeconfig: api.kubeconfigPath(),
      "account-id": "acc",
      "kv-namespace-id": "kv",
      "feed-token-file": join(folder, "feed-token"),
      feed: "127.0.0.1:0",
      operations: "127.0.0.1:0",
      "lease-namespace": "sluice",
      throttle: "50ms",
      ...flags,
    },
    { env: { CLOUDFLARE_API_TOKEN: "token" }, hostName: "agent" },
  );

async function start(flags: FlagValues = {}): Promise<{ agent: StartedAgent; lines: LogLine[] }> {
  const { parts, lines } = fakeParts();
  const agent = await startAgent(settingsOf(flags), parts.log, whole.open);
  started.push(agent);
  return { agent, lines };
}

const ask = async ({ operations: { port } }: StartedAgent, path: string): Promise<[number, string]> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
};

/** The real one, against the double. */
async function kubectl(args: readonly string[], input = ""): Promise<void> {
  const client = new Kubectl(api.kubeconfigPath());
  try {
    const { code, stderr } = await client.run(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  } finally {
    await client.close();
  }
}

/** Resolves when the Worker answers a host so; each request makes it look for a newer table. */
async function answered(host: string, status: number): Promise<void> {
  while ((await whole.get(host)).status !== status);
}

/** Resolves when a host has a route, with a Pod behind it or not. */
async function routed(host: string): Promise<void> {
  while ((await whole.get(host)).status === 404);
}

describe("a started agent", () => {
  it("publishes what is applied to the API server, and says so in its metrics", async () => {
    for (const object of [service(), podSlice(), ingress("applied.example.com")]) api.apply(object);
    const { agent } = await start();
    await agent.agent.fed;
    expect(await ask(agent, "/readyz")).toEqual([200, "OK"]);
    await routed("applied.example.com");
    api.apply(ingress("later.example.com"));
    await routed("later.example.com");
    const [, metrics] = await ask(agent, "/metrics");
    for (const line of [
      "sluice_agent_leader 1",
      "sluice_agent_feed_stalls_total 0",
      "sluice_agent_routers 2",
      'sluice_agent_objects{kind="Ingress"} 2',
    ]) {
      expect(metrics.split("\n")).toContain(line);
    }
  });

  it.each([
    ["two seconds when nobody says anything else", "{}", undefined, 2_000],
    ["what the configuration says", "{providers: {providersThrottleDuration: 7s}}", undefined, 7_000],
    ["what the flag says, whatever the configuration", "{providers: {providersThrottleDuration: 7s}}", "50ms", 50],
  ])("lets a burst wait for %s", async (_, config, throttle, throttleMs) => {
    const file = join(folder, "throttle.yaml");
    await writeFile(file, config);
    const { lines } = await start({ config: file, throttle });
    expect(lines).toContainEqual(
      expect.objectContaining({ message: "started", fields: expect.objectContaining({ throttleMs }) }),
    );
  });

  it("feeds relays with the token, and nobody else", async () => {
    api.apply(ingress("fed.example.com"));
    const { agent } = await start();
    await agent.agent.fed;
    const url = `http://127.0.0.1:${agent.feed.port}/v1/table`;
    const refused = await fetch(url);
    expect([refused.status, await refused.text()]).toEqual([401, expect.any(String)]);
    const aborter = new AbortController();
    const { body } = await fetch(url, { headers: { Authorization: "Bearer secret" }, signal: aborter.signal });
    const { value } = (await body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(value)).toContain("fed.example.com");
    aborter.abort();
  });

  it("is not ready, and publishes nothing, while the API server cannot be listed", async () => {
    const fault = api.fail({ match: { resource: "ingresses" }, answer: 500 });
    const { agent } = await start();
    await api.until(() => fault.hits > 1);
    expect((await ask(agent, "/ping"))[0]).toBe(200);
    expect(await ask(agent, "/readyz")).toEqual([503, "not every kind of object has been read yet\n"]);
    api.apply(ingress("after-the-failure.example.com"));
    api.heal();
    await agent.agent.fed;
    await routed("after-the-failure.example.com");
  });

  it("hands leadership over when it is stopped", async () => {
    const first = await start({ identity: "first" });
    await first.agent.agent.fed;
    await api.until(() => holder().startsWith("first_"));
    const second = await start({ identity: "second" });
    await second.agent.agent.fed;
    await first.agent.stop();
    await api.until(() => holder().startsWith("second_"));
    api.apply(ingress("by-the-second.example.com"));
    await routed("by-the-second.example.com");
  });

  it("serves what kubectl applies, and forgets what kubectl deletes", async () => {
    const { agent } = await start();
    await agent.agent.fed;
    await whole.follow(agent.feed.port, "secret");
    const manifest = [service(), podSlice(), ingress("kubectl.example.com"), ingress("stays.example.com")].map((one) =>
      JSON.stringify(one),
    );
    await kubectl(["apply", "-f", "-"], manifest.join("\n"));
    await answered("kubectl.example.com", 200);
    expect(await whole.get("kubectl.example.com")).toEqual({ status: 200, body: "pod" });
    await kubectl(["patch", "endpointslice", "app-1", "--type", "merge", "--patch", '{"endpoints":[]}']);
    await answered("kubectl.example.com", 503);
    await kubectl(["delete", "ingress", "kubectl.example.com"]);
    await answered("kubectl.example.com", 404);
  });

  it("tells what it would publish, and leaves everything as it is", async () => {
    api.apply(ingress("dry.example.com"));
    const before = await (await whole.store()).current();
    const { parts } = fakeParts();
    const settings = settingsOf({ "dry-run": true, "feed-token-file": undefined });
    expect(await dryRun(settings, parts.log, whole.open)).toContain("dry-example-com");
    expect(await (await whole.store()).current()).toEqual(before);
    expect(holder()).toBe("");
    expect(api.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  const holder = (): string => {
    const kind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
    const lease = api.get(kind, { namespace: "sluice", name: "sluice-agent" }) as
      | { spec?: { holderIdentity?: string } }
      | undefined;
    return lease?.spec?.holderIdentity ?? "";
  };

  it.each([
    ["--feed-token-file", { "feed-token-file": "/nowhere" }],
    ["/nowhere", { kubeconfig: "/nowhere" }],
    ["/nowhere.yaml", { config: "/nowhere.yaml" }],
  ])("does not start without a file that it is told of: %s", async (message, flags) => {
    await expect(start(flags)).rejects.toThrow(message);
  });

  it("does not start where another listens", async () => {
    const { agent } = await start();
    const { port } = agent.operations;
    await expect(start({ operations: `127.0.0.1:${port}` })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
