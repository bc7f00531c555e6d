import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClusterSource } from "../../sync-agent/source/cluster/cluster-source.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { createStatusReporter, type StatusReporterOptions } from "../../sync-agent/status/status-reporter.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { Kubectl } from "../doubles/kubernetes-api/run-kubectl.ts";
import { app, gateway, listener, route, toApp } from "../translate/gateway-api/gateway-text.ts";
import { objectsOf, services, traefik } from "../translate/translate-text.ts";
import { applyText, startCluster, writesOf } from "./cluster.ts";

const gatewayApi = (kind: string) => ({ apiVersion: "gateway.networking.k8s.io/v1", kind });

/** An agent that follows a cluster and writes statuses; what it publishes is accepted when a test says so. */
async function startAgent(change: Partial<StatusReporterOptions> = {}) {
  const { api, client } = await startCluster();
  const settings = defaultSettings();
  const worker = { generation: undefined as number | undefined, asked: 0 };
  const state = { leads: true, translations: 0 };
  const lines: string[] = [];
  const source = createClusterSource({ client, namespaces: [] });
  const reporter = createStatusReporter({
    api: client,
    settings,
    address: "edge.example.net",
    admin: {
      servedGeneration: async () => {
        worker.asked += 1;
        return worker.generation;
      },
    },
    identity: "agent-1",
    isLeader: () => state.leads,
    log: { info: () => {}, warn: (_, message) => void lines.push(message) },
    now: Date.now,
    // Waits are as long as in production, only in milliseconds for seconds.
    sleep: (ms, signal) => sleep(ms / 100, undefined, { signal }),
    random: Math.random,
    ...change,
  });
  const translator = createTranslator(settings);
  let handle: ReturnType<typeof reporter.translated> | undefined;
  const translate = (): void => {
    state.translations += 1;
    handle = reporter.translated(source.objects, translator.translate(source.objects).problems);
  };
  source.onChange(translate);
  onTestFinished(async () => {
    await reporter.close();
    await source.close();
  });
  await source.synced;
  const condition = (kind: string, name: string, type: string): string | undefined => {
    const { conditions = [], parents = [] } = (api.get(gatewayApi(kind), name)?.status ?? {}) as Status;
    const found = [...conditions, ...parents.flatMap((parent) => parent.conditions)].find((one) => one.type === type);
    return found && `${found.status}/${found.reason}@${found.observedGeneration}`;
  };
  /** What Events say, all together. */
  const notes = (): string =>
    JSON.stringify(api.list({ apiVersion: "events.k8s.io/v1", kind: "Event" }).map(({ note }) => note));
  return {
    api,
    condition,
    notes,
    lines,
    reporter,
    state,
    worker,
    translate,
    accept: (generation: number): void => handle?.accepted(generation),
    /** Resolves when nothing is left to write. What was told meanwhile is left without a request that could be waited for. */
    async settled(): Promise<void> {
      while (reporter.status().waiting > 0) await nextTurn();
    },
  };
}

interface Status {
  conditions?: { type: string; status: string; reason: string; observedGeneration: number }[];
  parents?: { conditions: { type: string; status: string; reason: string; observedGeneration: number }[] }[];
}

describe("what users look for after kubectl apply", () => {
  test("conditions appear, and Programmed when the Worker serves it", async () => {
    const { api, condition, worker, accept } = await startAgent();
    applyText(api, gateway() + route([`{ ${toApp} }`]) + app);
    await api.until(() => condition("HTTPRoute", "app", "ResolvedRefs") === "True/ResolvedRefs@1");
    expect(condition("HTTPRoute", "app", "Accepted")).toBe("True/Accepted@1");
    await api.until(() => condition("GatewayClass", "edge", "Accepted") === "True/Accepted@1");
    await api.until(() => condition("Gateway", "main", "Programmed") === "False/Pending@1");
    accept(7);
    worker.generation = 6;
    await api.until(() => JSON.stringify(api.get(gatewayApi("Gateway"), "main")).includes("generation 7"));
    expect(condition("Gateway", "main", "Programmed")).toBe("False/Pending@1");
    worker.generation = 8;
    await api.until(() => condition("Gateway", "main", "Programmed") === "True/Programmed@1");
    expect(api.get(gatewayApi("Gateway"), "main")?.status).toMatchObject({
      addresses: [{ type: "Hostname", value: "edge.example.net" }],
      listeners: [{ name: "http", attachedRoutes: 1 }],
    });
  });

  test("a changed Gateway is programmed anew, a changed Pod changes nothing", async () => {
    const { api, condition, notes, worker, accept, settled, translate } = await startAgent();
    applyText(api, gateway() + route([`{ ${toApp} }`]) + app);
    await api.until(() => condition("Gateway", "main", "Programmed") === "False/Pending@1");
    worker.generation = 1;
    accept(1);
    await api.until(() => condition("Gateway", "main", "Programmed") === "True/Programmed@1");
    await api.until(() => condition("HTTPRoute", "app", "Accepted") === "True/Accepted@1");
    await api.until(() => condition("GatewayClass", "edge", "Accepted") === "True/Accepted@1");
    await api.until(() => JSON.stringify(api.get(gatewayApi("Gateway"), "main")).includes('"attachedRoutes":1'));
    // Events have a pace of their own.
    await api.until(() => notes() !== "[]");
    await settled();
    const writes = writesOf(api).length;
    const { asked } = worker;
    for (let generation = 2; generation < 10; generation += 1) {
      translate();
      accept(generation);
    }
    applyText(api, gateway(listener("http", "hostname: a.example.com")));
    await api.until(() => condition("Gateway", "main", "Programmed") === "False/Pending@2");
    expect(writesOf(api).slice(writes)).toEqual([expect.stringMatching(/gateways\/main\/status$/)]);
    expect(worker.asked).toBe(asked);
  });

  test("kubectl sees it all", async () => {
    const { api, worker, accept, condition, notes } = await startAgent();
    const kubectl = new Kubectl(api.kubeconfigPath());
    onTestFinished(() => kubectl.close());
    const ingress =
      "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: web }\nspec: { rules: [] }\n";
    const broken = traefik(
      "IngressRoute",
      "shop",
      "routes: [{ match: PathPrefix(`/`), services: [{ name: gone, port: 80 }] }]",
    );
    const applied = await kubectl.run(
      ["apply", "-f", "-"],
      gateway() + route([`{ ${toApp} }`]) + services("app") + ingress + broken,
    );
    expect(applied).toMatchObject({ code: 0 });
    await api.until(() => condition("Gateway", "main", "Programmed") !== undefined);
    worker.generation = 1;
    accept(1);
    const wait = ["wait", "--timeout=20s", "--for"];
    expect(
      await kubectl.run([...wait, "condition=Programmed", "gateways.gateway.networking.k8s.io/main"]),
    ).toMatchObject({ code: 0 });
    const jsonpath = "jsonpath={.status.loadBalancer.ingress[0].hostname}=edge.example.net";
    expect(await kubectl.run([...wait, jsonpath, "ingress/web"])).toMatchObject({ code: 0 });
    await api.until(() => notes().includes("gone"));
    const events = await kubectl.run(["get", "events.events.k8s.io", "-o", "jsonpath={.items[*].note}"]);
    expect(events.stdout).toContain("The Service `gone` does not exist");
  });
});

describe("statuses that are written", () => {
  test("wake the agent once, not for ever", async () => {
    const { api, condition, notes, state } = await startAgent();
    applyText(api, gateway() + route([`{ ${toApp} }`]) + app);
    await api.until(() => condition("HTTPRoute", "app", "Accepted") === "True/Accepted@1");
    await api.until(() => condition("GatewayClass", "edge", "Accepted") === "True/Accepted@1");
    await api.until(() => JSON.stringify(api.get(gatewayApi("Gateway"), "main")).includes('"attachedRoutes":1'));
    await api.until(() => notes().includes("has no endpoint"));
    // Another object goes round the same way: all that was under way before it is through then.
    applyText(api, traefik("IngressRoute", "bad", "routes: [{ match: Nonsense }]"));
    await api.until(() => notes().includes("Nonsense"));
    const before = { writes: writesOf(api).length, translations: state.translations };
    applyText(api, traefik("IngressRoute", "worse", "routes: [{ match: Gibberish }]"));
    await api.until(() => notes().includes("Gibberish"));
    expect(writesOf(api).slice(before.writes)).toEqual([expect.stringMatching(/^POST .*\/events$/)]);
    expect(state.translations - before.translations).toBeLessThan(8);
  });

  test("nothing is written by who does not lead; who begins to lead writes all", async () => {
    const { api, condition, reporter, state } = await startAgent({ writesPerSecond: 1000 });
    state.leads = false;
    applyText(api, gateway() + route([`{ ${toApp} }`]) + app);
    await api.until(() => state.translations > 2);
    expect(writesOf(api)).toEqual([]);
    state.leads = true;
    reporter.leads();
    await api.until(() => condition("HTTPRoute", "app", "Accepted") === "True/Accepted@1");
  });

  test("survive an API server that fails, hangs up and is gone for a while", async () => {
    const { api, condition } = await startAgent();
    const match = { verb: "patch" as const };
    api.fail({ match, answer: 500, times: 1 });
    api.fail({ match, answer: "reset", times: 1 });
    api.fail({ match, answer: 429, retryAfterSeconds: 1, times: 1 });
    applyText(api, gateway() + route([`{ ${toApp} }`]) + app);
    await api.until(() => condition("HTTPRoute", "app", "Accepted") === "True/Accepted@1");
    await api.down();
    await api.up();
    applyText(api, route([`{ ${toApp} }`], { hostnames: ["a.example.com"] }));
    await api.until(() => condition("HTTPRoute", "app", "Accepted") === "True/Accepted@2");
  });

  test("that are forbidden keep nothing else from being written, and are named once", async () => {
    const { api, condition, lines } = await startAgent();
    api.forbid({ verb: "patch", resource: "gateways" });
    applyText(api, gateway() + route([`{ ${toApp} }`]) + app);
    await api.until(() => condition("HTTPRoute", "app", "Accepted") === "True/Accepted@1");
    expect(lines).toEqual([
      "a status cannot be written: let the agent's ServiceAccount `patch gateways/status in gateway.networking.k8s.io`",
    ]);
  });
});

test("a generation that is accepted as the last question ends is asked for all the same", async () => {
  const objects = objectsOf(gateway());
  const store = createObjectStore(objects);
  const worker = { generation: 1, asked: 0 };
  let isArmed = false;
  const reporter: ReturnType<typeof createStatusReporter> = createStatusReporter({
    api: { request: async () => ({}) },
    settings: defaultSettings(),
    address: undefined,
    admin: {
      async servedGeneration() {
        worker.asked += 1;
        isArmed = worker.asked === 1;
        return worker.generation;
      },
    },
    identity: "agent-1",
    isLeader() {
      if (isArmed) queueMicrotask(acceptNext);
      isArmed = false;
      return true;
    },
    log: { info: () => {}, warn: () => {} },
    now: Date.now,
    sleep: (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    random: Math.random,
  });
  onTestFinished(() => reporter.close());
  function acceptNext(): void {
    for (const object of objects) {
      if (object.kind === "Gateway") store.put({ ...object, metadata: { ...object.metadata, generation: 2 } });
    }
    worker.generation = 2;
    reporter.translated(store, []).accepted(2);
  }
  reporter.translated(store, []).accepted(1);
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  expect(worker.asked).toBe(2);
});
