import Cloudflare from "cloudflare";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  advance,
  type BeaconState,
  claim,
  currentPointer,
  emptyBeacon,
  release,
} from "../../src/beacon/beacon-state.ts";
import type { BeaconBinding } from "../../sync-agent/publish/beacon-binding.ts";
import { PublishError } from "../../sync-agent/publish/publish-error.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { createRequestBudget } from "../../sync-agent/publish/request-budget.ts";
import { createRestKv, type RestKvOptions } from "../../sync-agent/publish/rest-kv.ts";
import { createRestStore } from "../../sync-agent/publish/rest-store.ts";
import {
  ACCOUNT,
  type CloudflareApi,
  type KvBacking,
  NAMESPACE,
  startCloudflareApi,
  TOKEN,
} from "../doubles/cloudflare-api/cloudflare-api.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";
import { describeStore } from "./store-contract.ts";

const apis: CloudflareApi[] = [];
afterEach(async () => {
  for (const api of apis.splice(0)) await api.close();
});

/** KV as a map, with pages of 50. */
function mapKv(): KvBacking & { values: Map<string, { value: string; metadata: unknown }> } {
  const values = new Map<string, { value: string; metadata: unknown }>();
  return {
    values,
    get: async (key) => values.get(key)?.value ?? null,
    put: async (key, value, { metadata } = {}) => void values.set(key, { value, metadata }),
    delete: async (key) => void values.delete(key),
    async list({ prefix, cursor = "0" }) {
      const all = [...values].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
      const end = Number(cursor) + 50;
      const keys = all.slice(Number(cursor), end).map(([name, { metadata }]) => ({ name, metadata }));
      return { keys, list_complete: end >= all.length, cursor: String(end) };
    },
  };
}

/** The beacon as the Worker has it, in this process. */
function beacon(): BeaconBinding {
  let state: BeaconState = emptyBeacon();
  return {
    current: async () => currentPointer(state),
    history: async () => [...state.history],
    pinned: async () => state.pin ?? null,
    async advance(request) {
      const { state: next, result } = advance(state, request, Date.now());
      state = next;
      return result;
    },
    async claim(atLeast) {
      const claimed = claim(state, atLeast);
      state = claimed.state;
      return claimed.epoch;
    },
    async release() {
      state = release(state);
    },
  };
}

const never = new AbortController().signal;

async function open(
  options: Partial<
    RestKvOptions & { token: string; beacon: BeaconBinding | undefined; writePauseMs: number; now: () => number }
  > = {},
) {
  const backing = mapKv();
  const api = await startCloudflareApi(backing, options);
  apis.push(api);
  let clock = 0;
  const pass = async (ms: number): Promise<void> => {
    clock += ms;
  };
  const kv = createRestKv({
    client: new Cloudflare({ apiToken: options.token ?? TOKEN, baseURL: api.url, logLevel: "off" }),
    accountId: ACCOUNT,
    namespaceId: NAMESPACE,
    budget: createRequestBudget({ limit: 1_000, windowMs: 300_000, now: () => clock, sleep: pass }),
    signal: never,
    random: () => 0,
    sleep: pass,
    ...options,
  });
  const bound = "beacon" in options ? options.beacon : beacon();
  return {
    api,
    kv,
    backing,
    /** Milliseconds that were waited for. */
    waited: () => clock,
    store: createRestStore({ publisher: "test", kv, beacon: bound, now: options.now ?? Date.now }),
  };
}

describeStore("the REST store", async () => (await open()).store);

const table = makeTable([makeRouter("r", hostRule("a.example.com"))]);

describe("a publish through the REST API", () => {
  it("writes leaves first, then the root, and nothing twice", async () => {
    const { api, backing, store } = await open();
    expect(await publish(store, table, { epoch: await store.claim(0) })).toMatchObject({
      status: "published",
      pointer: { generation: 1, epoch: 1 },
    });
    const writes = api.requests.filter((request) => request.startsWith("PUT"));
    expect(writes).toHaveLength(2);
    expect([...backing.values.keys()].at(-1)).toMatch(/^root\//);
    expect(await publish(store, table, { epoch: 1 })).toMatchObject({ status: "unchanged" });
    expect(api.requests.filter((request) => request.startsWith("PUT"))).toHaveLength(2);
  });

  it.each([
    ["500 twice", { answer: 500, times: 2 }],
    ["429 with a time to wait", { answer: 429, times: 1, retryAfterSeconds: 300 }],
    ["a reset connection", { answer: "reset", times: 1 }],
    ["a connection cut after the write", { answer: "cut", times: 1 }],
    ["a write of half the keys", { answer: "partial", times: 2 }],
    ["no answer", { answer: "hang", times: 1 }],
    ["an answer that does not end", { answer: "stall", times: 1 }],
  ] as const)("gets over %s", async (_, fault) => {
    const { api, backing, kv } = await open({ writePauseMs: 0, timeoutMs: 400 });
    api.fail({ ...fault, match: /bulk$/ });
    await kv.put(new Map(Array.from({ length: 9 }, (__, index) => [`leaf/${index}`, `value ${index}`])), {});
    expect(backing.values.size).toBe(9);
  });

  it("that fails half way goes on where it was", async () => {
    const { api, backing, store } = await open({ tries: 1 });
    const epoch = await store.claim(0);
    const fault = api.fail({ match: /bulk$/, answer: 500, times: 1 });
    await expect(publish(store, table, { epoch })).rejects.toMatchObject({ code: "transient" });
    fault.clear();
    expect(backing.values.size).toBe(0);
    await publish(store, table, { epoch });
    const before = api.requests.length;
    await store.put(new Map([...backing.values].map(([key, { value }]) => [key, value])));
    expect(api.requests.length).toBe(before);
  });

  it("writes none of the leaves again that went through before it failed", async () => {
    const { api, backing, store } = await open({ tries: 1 });
    const put = vi.spyOn(backing, "put");
    const leaves = new Map(Array.from({ length: 10_001 }, (_, index) => [`leaf/${index}`, "text"]));
    api.fail({ match: /bulk$/, answer: "partial", times: 1 });
    await expect(store.put(leaves)).rejects.toMatchObject({ code: "transient" });
    expect(put).toHaveBeenCalledTimes(5_000);
    await store.put(leaves);
    expect(put).toHaveBeenCalledTimes(10_001);
    expect(backing.values.size).toBe(10_001);
  });

  it("lets nobody ask while the API wants to be left alone", async () => {
    const { api, kv, waited } = await open({ tries: 1 });
    api.fail({ answer: 429, times: 1, retryAfterSeconds: 300 });
    await expect(kv.put(new Map([["leaf/a", "b"]]), {})).rejects.toMatchObject({ code: "transient", status: 429 });
    expect(waited()).toBe(0);
    await kv.get(["leaf/a"]);
    expect(waited()).toBe(300_000);
  });

  it("sends 4 MB at once at most, by the bytes of its JSON: all of a large table would be in memory thrice", async () => {
    const { api, kv, backing } = await open();
    const quotes = '"'.repeat(128 * 1024);
    await kv.put(new Map(Array.from({ length: 40 }, (_, index) => [`leaf/${index}`, quotes])), {});
    expect(backing.values.size).toBe(40);
    expect(api.requests).toHaveLength(Math.ceil(40 / 15));
  });

  it("writes again what another leader may have collected since", async () => {
    let now = 0;
    const { backing, store } = await open({ now: () => now, writePauseMs: 0 });
    const leaf = new Map([["leaf/a", "text"]]);
    await store.put(leaf);
    backing.values.clear();
    await store.put(leaf);
    expect(backing.values.size).toBe(0);
    now += 23 * 3600 * 1000;
    await store.put(leaf);
    expect(backing.values.size).toBe(1);
  });

  it.each([
    [401, "permission Workers KV Storage"],
    [403, "permission Workers KV Storage"],
    [404, "no such account or KV namespace"],
    [400, "does not take it"],
  ])("that is refused with %i says what to do, and is not tried again", async (status, message) => {
    const { api, kv } = await open();
    api.fail({ answer: status });
    const error = await kv.put(new Map([["leaf/a", "b"]]), {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ code: "fatal", message: expect.stringContaining(message) });
    expect(api.requests).toHaveLength(1);
  });

  it("with a token that is none is refused", async () => {
    const { kv } = await open({ token: "other" });
    await expect(kv.get(["a"])).rejects.toMatchObject({ code: "fatal" });
  });

  it("without a beacon keeps the pointer in KV, and cannot be rolled back", async () => {
    const { backing, store } = await open({ beacon: undefined });
    await publish(store, table, { epoch: await store.claim(0) });
    expect(JSON.parse(backing.values.get("pointer/test")?.value ?? "")).toMatchObject({ generation: 1 });
    const next = { epoch: 2, root: "x".repeat(16), publisher: "test" };
    await expect(
      store.advance({ expected: { epoch: 1, generation: 1 }, next, pin: { reason: "back" } }),
    ).rejects.toMatchObject({ code: "fatal" });
  });
});

it("a key that takes no second write within a second is written after it", async () => {
  let now = 0;
  const { kv, backing } = await open({
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  });
  await kv.put(new Map([["hosts/test", "one"]]), {});
  await kv.put(new Map([["hosts/test", "two"]]), {});
  expect(backing.values.get("hosts/test")?.value).toBe("two");
  expect(now).toBeGreaterThanOrEqual(1_000);
});

describe("keys", () => {
  it("are read in halves when the answer would be too large", async () => {
    const { api, kv } = await open();
    const values = new Map(Array.from({ length: 9 }, (_, index) => [`leaf/${index}`, `value ${index}`]));
    await kv.put(values, {});
    api.fail({ match: /bulk\/get$/, answer: 413, times: 2 });
    expect(await kv.get([...values.keys()])).toEqual(values);
    expect(api.requests.filter((request) => request.endsWith("/bulk/get"))).toHaveLength(5);
    api.fail({ match: /bulk\/get$/, answer: 413 });
    await expect(kv.get(["leaf/1"])).rejects.toMatchObject({ code: "fatal", status: 413 });
  });

  it("are listed beyond a page that is empty", async () => {
    const { kv, backing } = await open();
    await kv.put(new Map([["leaf/a", "x"]]), {});
    vi.spyOn(backing, "list").mockResolvedValueOnce({ keys: [], list_complete: false, cursor: "0" });
    expect(await kv.list("leaf/")).toHaveLength(1);
  });

  it("are listed over pages with their owner, and deleted", async () => {
    const { store, backing } = await open();
    await store.put(new Map(Array.from({ length: 120 }, (_, index) => [`leaf/${index}`, "x"])));
    backing.values.set("leaf/other", { value: "x", metadata: undefined });
    const keys = await store.list("leaf/");
    expect(keys).toHaveLength(121);
    expect(keys.find(({ key }) => key === "leaf/other")).toMatchObject({ owner: undefined });
    expect(keys.find(({ key }) => key === "leaf/7")).toMatchObject({ owner: "test", writtenAt: expect.any(Number) });
    await store.delete(["leaf/7", "leaf/none"]);
    expect(backing.values.has("leaf/7")).toBe(false);
  });
});

describe("the budget of requests", () => {
  it("lets nobody ask before the longest pause is over", async () => {
    let now = 0;
    const sleep = async (ms: number): Promise<void> => {
      now += ms;
    };
    const budget = createRequestBudget({ limit: 9, windowMs: 100, now: () => now, sleep });
    await budget.acquire(never);
    budget.pause(500);
    budget.pause(20);
    await Promise.all([budget.acquire(never), budget.acquire(never)]);
    expect(now).toBe(500);
  });

  it("makes those beyond it wait for the window, in their order", async () => {
    let now = 0;
    const waits: number[] = [];
    const budget = createRequestBudget({
      limit: 2,
      windowMs: 100,
      now: () => now,
      sleep: async (ms) => {
        waits.push(ms);
        now += ms;
      },
    });
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3, 4, 5].map(async (turn) => {
        await budget.acquire(never);
        order.push(turn);
      }),
    );
    expect(order).toEqual([1, 2, 3, 4, 5]);
    expect(waits).toEqual([100, 100]);
    expect(budget.used).toBe(1);
  });

  it("lets go of whoever gives up", async () => {
    const budget = createRequestBudget({
      limit: 1,
      windowMs: 100,
      now: () => 0,
      sleep: (_, signal) => new Promise((__, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    await budget.acquire(never);
    const giving = new AbortController();
    const waiting = budget.acquire(giving.signal);
    giving.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
