import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Agent, createAgent } from "../../sync-agent/agent/create-agent.ts";
import { createSnapshotPublisher } from "../../sync-agent/agent/snapshot-publisher.ts";
import { type Backend, startBackend } from "../e2e/backend.ts";
import { fakeParts, ingress, service } from "./fake-parts.ts";
import { startWhole, type Whole } from "./start-whole.ts";

let whole: Whole;
let pod: Backend;
let agent: Agent | undefined;
beforeAll(async () => {
  [whole, pod] = await Promise.all([startWhole(), startBackend("pod")]);
});
afterEach(() => agent?.stop());
afterAll(() => Promise.all([whole.close(), pod.close()]));

const podSlice = () => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "app-1", namespace: "default", labels: { "kubernetes.io/service-name": "app" } },
  addressType: "IPv4",
  ports: [{ name: "http", port: pod.port }],
  endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
});

async function start() {
  const fakes = fakeParts();
  const publisher = createSnapshotPublisher(await whole.store());
  agent = createAgent({ ...fakes.parts, publisher, feed: whole.feed }, { throttleMs: 50, random: Math.random });
  fakes.source.put(service(), podSlice(), ingress("a.example.com"));
  fakes.source.sync();
  fakes.lease.lead();
  return fakes;
}

/** Resolves when the Worker answers a host by its Pod; each request makes it look. */
async function served(host: string): Promise<void> {
  for (;;) if ((await whole.get(host)).status === 200) return;
}

it("serves a route as soon as it is applied", async () => {
  const { source } = await start();
  await served("a.example.com");
  expect(await whole.get("a.example.com")).toEqual({ status: 200, body: "pod" });
  expect((await whole.get("b.example.com")).status).toBe(404);
  source.put(ingress("b.example.com"));
  await served("b.example.com");
});

it("publishes nothing when it starts anew and nothing has changed", async () => {
  const first = await start();
  await expect.poll(() => first.attempts).toContain("done");
  await agent?.stop();
  const generation = (await (await whole.store()).current())?.pointer.generation;
  const again = await start();
  await expect.poll(() => again.attempts).toContain("done");
  expect(again.lines.map(({ message }) => message)).toContain("nothing to publish: it is served already");
  expect((await (await whole.store()).current())?.pointer.generation).toBe(generation);
});
