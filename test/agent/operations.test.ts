import { afterEach, describe, expect, it } from "vitest";
import { type OperationsServer, startOperations } from "../../operations/operations-server.ts";
import { createAgentMetrics } from "../../sync-agent/operations/agent-meter.ts";
import { agentMetrics } from "../../sync-agent/operations/metric-definitions.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { FakeSource, ingress, service } from "./fake-parts.ts";

let server: OperationsServer | undefined;
afterEach(() => server?.close());

async function start(
  state: { isAlive: boolean; why: string | undefined },
  metrics = async () => ({ contentType: "text/plain", text: "x 1\n" }),
) {
  server = await startOperations({
    listen: { host: "127.0.0.1", port: 0 },
    isAlive: () => state.isAlive,
    whyNotReady: () => state.why,
    metrics,
  });
  const { port } = server.address;
  return async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return [response.status, await response.text()];
  };
}

describe("the operations server", () => {
  it("follows the agent's life", async () => {
    const state = { isAlive: true, why: "not every kind has been read" as string | undefined };
    const get = await start(state);
    expect(await get("/ping")).toEqual([200, "OK"]);
    expect(await get("/readyz")).toEqual([503, "not every kind has been read\n"]);
    state.why = undefined;
    expect(await get("/readyz?verbose")).toEqual([200, "OK"]);
    state.isAlive = false;
    expect(await get("/ping")).toEqual([503, "terminating\n"]);
    expect(await get("/readyz")).toEqual([503, "terminating\n"]);
  });

  it("gives metrics, and nothing else", async () => {
    const get = await start({ isAlive: true, why: undefined });
    expect(await get("/metrics")).toEqual([200, "x 1\n"]);
    expect(await get("/metrics", { method: "HEAD" })).toEqual([200, ""]);
    expect((await get("/metrics", { method: "POST" }))[0]).toBe(405);
    expect((await get("/"))[0]).toBe(404);
  });

  it("answers when metrics cannot be read", async () => {
    const get = await start({ isAlive: true, why: undefined }, () => Promise.reject(new Error("no")));
    expect((await get("/metrics"))[0]).toBe(500);
  });

  it("says that its port is taken", async () => {
    await start({ isAlive: true, why: undefined });
    const listen = { host: "127.0.0.1", port: server?.address.port ?? 0 };
    const again = startOperations({
      listen,
      isAlive: () => true,
      whyNotReady: () => undefined,
      metrics: () => Promise.reject(),
    });
    await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("metrics", () => {
  const problem: Problem = {
    code: "service-not-found",
    severity: "error",
    object: { apiVersion: "v1", kind: "Service", namespace: "a", name: "b" },
    path: [],
    message: "no",
  };

  async function measured() {
    const source = new FakeSource();
    const clock = { now: 1_000_000 };
    const metrics = createAgentMetrics(source, () => clock.now);
    const lines = async () =>
      (await metrics.registry.read()).text.split("\n").filter((line) => line.startsWith("sluice_"));
    return { source, clock, metrics, lines };
  }

  it("say what the agent did and holds", async () => {
    const { source, clock, metrics, lines } = await measured();
    source.put(service(), ingress("a.example.com"));
    source.sync();
    await source.synced;
    const translation = createTranslator(defaultSettings()).translate(source.objects);
    metrics.translated({ seconds: 0.002, translation, problems: [problem, problem], isUrgent: false });
    metrics.leads({ isLeader: true, epoch: 4 });
    metrics.pointed({ publisher: "p", epoch: 4, generation: 12, root: "r" });
    metrics.attempted({ outcome: "done", seconds: 0.3 });
    metrics.confirmed();
    clock.now += 5_000;
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'sluice_agent_events_total{kind="Ingress"} 1',
        'sluice_agent_events_total{kind="Service"} 1',
        "sluice_agent_routers 1",
        'sluice_agent_problems{code="service-not-found",severity="error"} 2',
        "sluice_agent_leader 1",
        "sluice_agent_epoch 4",
        "sluice_agent_generation 12",
        "sluice_agent_synced 1",
        "sluice_agent_last_good_publish_seconds 5",
        'sluice_agent_publish_seconds_count{outcome="done"} 1',
        'sluice_agent_translate_seconds_count{urgent="false"} 1',
      ]),
    );
  });

  it("do not speak of a publish that never was, nor of problems that are gone", async () => {
    const { source, metrics, lines } = await measured();
    const translation = createTranslator(defaultSettings()).translate(source.objects);
    metrics.translated({ seconds: 0, translation, problems: [problem], isUrgent: false });
    metrics.translated({ seconds: 0, translation, problems: [], isUrgent: false });
    const text = (await lines()).join("\n");
    expect(text).not.toContain("sluice_agent_last_good_publish_seconds");
    expect(text).not.toContain("sluice_agent_problems{");
    expect(text).toContain("sluice_agent_synced 0");
  });

  it("have names, types and labels that Prometheus takes, and say what they are", () => {
    for (const [name, { help, labels, type }] of Object.entries(agentMetrics)) {
      expect(name).toMatch(/^sluice_agent_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(help).toMatch(/^[A-Z0-9].*\.$/);
      for (const label of labels) expect(label).toMatch(/^[a-z_]+$/);
    }
  });
});
