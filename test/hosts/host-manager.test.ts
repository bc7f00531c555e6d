import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCloudflareHosts } from "../../sync-agent/hosts/cloudflare-hosts.ts";
import { createHostManager, type HostManager, type HostReport } from "../../sync-agent/hosts/host-manager.ts";
import { hostRecordKey, parseHostRecord } from "../../sync-agent/hosts/host-record.ts";
import { DETACH_AFTER_MS } from "../../sync-agent/hosts/plan-hosts.ts";
import { createRequestBudget } from "../../sync-agent/publish/request-budget.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { parseHostRule } from "./host-rule.ts";
import { startHostsApi } from "./start-hosts-api.ts";

const NOW = Date.UTC(2026, 10, 21, 8, 0, 0);

/** The least time without news after which hosts are looked at again. */
const TICK_MS = 60_000;

/** A long sleep that ends when the test says so. */
class SleepInTest {
  private current: { ms: number; done: () => void } | undefined;
  private noticed: () => void = () => {};

  begin(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise<void>((resolve, reject) => {
      const finish = (end: () => void) => () => {
        this.current = undefined;
        end();
      };
      this.current = { ms, done: finish(resolve) };
      signal.addEventListener(
        "abort",
        finish(() => reject(signal.reason)),
        { once: true },
      );
      this.noticed();
    });
  }

  /** Resolves when there is such a sleep: nothing else is under way then. @returns how long it is */
  async begun(): Promise<number> {
    while (this.current === undefined) await new Promise<void>((resolve) => (this.noticed = resolve));
    return this.current.ms;
  }

  end(): void {
    this.current?.done();
  }
}

/** A manager that takes one step whenever a test says so. */
function harness(api: Awaited<ReturnType<typeof startHostsApi>>, kv = new Map<string, string>(), manage = true) {
  const state = { now: NOW, leads: true, kvFails: false };
  const lines: string[] = [];
  const reports: HostReport[] = [];
  const sleep = new SleepInTest();
  const record = (): ReturnType<typeof parseHostRecord> => parseHostRecord(kv.get(hostRecordKey("default")) ?? "");
  const manager: HostManager = createHostManager({
    api: createCloudflareHosts({
      ...{ client: api.client, accountId: "acc", worker: "sluice", now: () => state.now },
      budget: createRequestBudget({ limit: 1e9, windowMs: 1, now: () => 0, sleep: async () => {} }),
    }),
    records: {
      get: async (key) => kv.get(key),
      put: async (key, value) => {
        if (state.kvFails) throw new Error("KV is away");
        kv.set(key, value);
      },
      list: async (prefix) => [...kv.keys()].filter((key) => key.startsWith(prefix)),
    },
    publisher: "default",
    worker: "sluice",
    manage,
    isLeader: () => state.leads,
    log: { info: (_, message) => lines.push(message), warn: (_, message) => lines.push(message) },
    now: () => state.now,
    // Pauses between writes pass by themselves, longer ones when the test lets them.
    sleep: (ms, signal) => (ms < 10_000 ? Promise.resolve() : sleep.begin(ms, signal)),
    onReport: (report) => reports.push(report),
  });
  /** Tells of a table with these hosts, and waits until it has been looked at. */
  const tell = async (hosts: string[], mayDetach = true): Promise<void> => {
    const isPausing = (await sleep.begun()) < TICK_MS;
    const routers = hosts.map((host) => parseHostRule(`Host(\`${host}\`)`));
    manager.update({ table: { routers, services: {} }, objects: createObjectStore(), mayDetach });
    if (isPausing) sleep.end();
    await sleep.begun();
  };
  /** Lets time pass until it has been looked again. */
  const tick = async (): Promise<void> => {
    if ((await sleep.begun()) < TICK_MS) sleep.end();
    await sleep.begun();
    sleep.end();
    await sleep.begun();
  };
  return { manager, state, lines, reports, kv, record, tell, tick, sleep };
}

let api: Awaited<ReturnType<typeof startHostsApi>>;
const open: HostManager[] = [];
beforeEach(async () => {
  api = await startHostsApi();
  api.hosts.addZone("example.com");
});
afterEach(async () => {
  for (const manager of open.splice(0)) await manager.close();
  await api.close();
});
const start = (...args: [Map<string, string>?, boolean?]) => {
  const started = harness(api, ...args);
  open.push(started.manager);
  return started;
};

describe("without being told to manage hosts", () => {
  test("says what is missing, and changes nothing", async () => {
    api.hosts.attach("a.example.com", "sluice");
    api.hosts.addRoute("example.com", "*.apps.example.com/*", "sluice");
    const { manager, tell, kv } = start(undefined, false);
    await tell(["a.example.com", "b.apps.example.com", "c.example.com", "d.example.net"]);
    expect(manager.report().counts).toMatchObject({ attached: 1, routed: 1, missing: 1, "no-zone": 1 });
    expect(api.hosts.log.filter((line) => !line.startsWith("GET"))).toEqual([]);
    expect(kv.size).toBe(0);
  });

  test("routes that may not be read are no reason to accuse", async () => {
    api.hosts.forbidden.push("GET /zones/");
    const { manager, tell } = start(undefined, false);
    await tell(["c.example.com"]);
    expect(manager.report()).toMatchObject({ counts: { unknown: 1, missing: 0 }, problems: [] });
  });

  test("zones are read page by page", async () => {
    for (let index = 0; index < 120; index += 1) api.hosts.addZone(`zone${index}.net`);
    const { manager, tell } = start(undefined, false);
    await tell(["a.zone119.net"]);
    expect(manager.report().counts).toMatchObject({ missing: 1, "no-zone": 0 });
    expect(api.hosts.log.filter((line) => line === "GET /zones")).toHaveLength(3);
  });

  test("a table whose hosts are the same costs no call", async () => {
    const { tell } = start(undefined, false);
    await tell(["a.example.com"]);
    const calls = api.hosts.log.length;
    await tell(["a.example.com"]);
    expect(api.hosts.log).toHaveLength(calls);
    await tell(["b.example.com"]);
    expect(api.hosts.log.length).toBeGreaterThan(calls);
  });
});

describe("managing hosts", () => {
  test("attaches what is missing and remembers that it did", async () => {
    const { manager, tell, record, lines } = start();
    await tell(["a.example.com", "b.example.com"]);
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["a.example.com", "b.example.com"]);
    expect(Object.keys(record()?.owned ?? {})).toEqual(["a.example.com", "b.example.com"]);
    expect(record()?.requires).toEqual(["a.example.com", "b.example.com"]);
    expect(manager.report().counts).toMatchObject({ attached: 2, missing: 0 });
    expect(lines).toEqual(["attached a host to the Worker", "attached a host to the Worker"]);
  });

  test("never takes over what another has, and says why", async () => {
    api.hosts.attach("shop.example.com", "shop");
    api.hosts.dnsRecords.add("old.example.com");
    const { manager, tell, lines } = start();
    await tell(["shop.example.com", "old.example.com"]);
    expect(api.hosts.hostnamesOf("sluice")).toEqual([]);
    expect(manager.report().counts).toMatchObject({ taken: 1, missing: 1 });
    expect(lines).toEqual(["a host could not be attached to the Worker"]);
    expect(api.hosts.log.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
  });

  test("detaches what it attached itself, an hour after the last need, in another process too", async () => {
    const first = start();
    await first.tell(["a.example.com", "b.example.com"]);
    await first.manager.close();
    api.hosts.attach("person.example.com", "sluice");
    const second = start(first.kv);
    await second.tell(["b.example.com"]);
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["a.example.com", "b.example.com", "person.example.com"]);
    expect(second.manager.report().counts.unused).toBe(1);
    second.state.now += DETACH_AFTER_MS;
    await second.tick();
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["b.example.com", "person.example.com"]);
    expect(Object.keys(second.record()?.owned ?? {})).toEqual(["b.example.com"]);
  });

  test("leaves a host that a person has attached again", async () => {
    const { tell, tick, state } = start();
    await tell(["a.example.com", "b.example.com"]);
    const [first] = api.hosts.domains.values();
    api.hosts.domains.delete(first?.id ?? "");
    api.hosts.attach("a.example.com", "sluice");
    await tick();
    await tell(["b.example.com"]);
    state.now += 2 * DETACH_AFTER_MS;
    await tick();
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["a.example.com", "b.example.com"]);
  });

  test("leaves a host that another publisher of the Worker needs", async () => {
    const kv = new Map([
      [hostRecordKey("east"), JSON.stringify({ version: 1, owned: {}, unusedSince: {}, requires: ["a.example.com"] })],
    ]);
    const { tell, tick, state } = start(kv);
    await tell(["a.example.com", "b.example.com"]);
    await tick();
    await tell(["b.example.com"]);
    state.now += 2 * DETACH_AFTER_MS;
    await tick();
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["a.example.com", "b.example.com"]);
    kv.delete(hostRecordKey("east"));
    await tick();
    state.now += 2 * DETACH_AFTER_MS;
    await tick();
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["b.example.com"]);
  });

  test("detaches nothing while the table is in doubt", async () => {
    const { tell, tick, state } = start();
    await tell(["a.example.com", "b.example.com"]);
    await tick();
    await tell(["b.example.com"], false);
    state.now += 2 * DETACH_AFTER_MS;
    await tick();
    expect(api.hosts.hostnamesOf("sluice")).toContain("a.example.com");
  });

  test("attaches nothing when KV cannot be written: nobody would know whose it is", async () => {
    const { tell, state, lines, tick } = start();
    state.kvFails = true;
    await tell(["a.example.com"]);
    expect(api.hosts.hostnamesOf("sluice")).toEqual([]);
    expect(lines).toEqual(["the hosts of the Worker could not be looked at; they are left as they are"]);
    state.kvFails = false;
    await tick();
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["a.example.com"]);
  });

  test("goes on where there is more to do than fits in one step", async () => {
    const hosts = Array.from({ length: 25 }, (_, index) => `h${index}.example.com`);
    const { tell, sleep, record } = start();
    await tell(hosts);
    expect(api.hosts.domains.size).toBe(10);
    for (let step = 0; step < 2; step += 1) {
      sleep.end();
      await sleep.begun();
    }
    expect(api.hosts.domains.size).toBe(25);
    expect(Object.keys(record()?.owned ?? {})).toHaveLength(25);
  });

  test("only the leader does anything", async () => {
    const { tell, state } = start();
    state.leads = false;
    await tell(["a.example.com"]);
    expect(api.hosts.log).toEqual([]);
  });
});

describe("when Cloudflare's API", () => {
  test("is away, everything stays as it is, and the next look finds it", async () => {
    const { manager, tell, tick, lines } = start();
    await tell(["a.example.com"]);
    api.fault.status = 503;
    await tick();
    await tick();
    expect(manager.report().counts.attached).toBe(1);
    expect(lines.slice(1)).toEqual(["the hosts of the Worker could not be looked at; they are left as they are"]);
    api.fault.status = undefined;
    await tick();
    expect(api.hosts.hostnamesOf("sluice")).toEqual(["a.example.com"]);
  });

  test("forbids it, the permission is named once", async () => {
    api.hosts.forbidden.push("GET /accounts/");
    const { tell, tick, lines } = start();
    await tell(["a.example.com"]);
    await tick();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("Workers Scripts (edit)");
  });
});
