import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leafKey, rootKey } from "../../src/snapshot/leaf-keys.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import { namedLeaves } from "../../src/snapshot/plan.ts";
import { type CollectorOptions, createCollector } from "../../sync-agent/publish/collect-garbage.ts";
import { createMemoryStore, type MemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { rollBack } from "../../sync-agent/publish/roll-back.ts";
import type { SnapshotStore } from "../../sync-agent/publish/snapshot-store.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

const DAY_MS = 24 * 3600 * 1000;
const KEEP_MS = DAY_MS / 2;
/** A table for each number and Pod: those of one number share a leaf of routes, those of one Pod a leaf of endpoints. */
const tableOf = (which: number, pod = 1) => ({
  ...makeTable([makeRouter("r", hostRule(`h${which}.example.com`))]),
  endpoints: { "default-app-80": { endpoints: [{ address: `10.0.0.${pod}`, port: 80, state: "ready" as const }] } },
});

function collector(store: SnapshotStore, options: Partial<CollectorOptions> = {}) {
  return createCollector({
    store,
    now: () => 0,
    mayDelete: () => true,
    exclusive: (work) => work(),
    pause: async () => {},
    keepGenerations: 3,
    keepMs: KEEP_MS,
    ...options,
  });
}

/** Six generations, a day apart. */
async function openWithSix() {
  let now = 1_000_000;
  const store = createMemoryStore("test", () => now);
  for (let step = 1; step <= 6; step++) {
    now += DAY_MS;
    await publish(store, tableOf(step), { epoch: 1 });
  }
  return { store, now: () => now };
}

function missingOf(store: MemoryStore, hash: string): string[] {
  const text = store.values.get(rootKey(hash));
  const parsed = text === undefined ? undefined : parseRoot(text);
  if (!parsed?.ok) return [rootKey(hash)];
  return [...namedLeaves(parsed.root)].map(leafKey).filter((key) => !store.values.has(key));
}

describe("old leaves and roots", () => {
  it("are deleted long after no generation names them, and what a rollback needs is kept", async () => {
    const { store, now } = await openWithSix();
    const before = store.values.size;
    const deleted = await collector(store, { now }).collect();
    expect(deleted).toBeGreaterThan(0);
    expect(store.values.size).toBe(before - deleted);
    expect(await rollBack(store, 4, 1)).toMatchObject({ status: "rolled-back" });
    expect(await rollBack(store, 2, 1)).toMatchObject({ status: "refused" });
  });

  it.each<[string, (store: MemoryStore) => Partial<SnapshotStore>]>([
    ["by one who leads no more", () => ({})],
    [
      "while a root that is kept cannot be read",
      (store) => ({ get: async (keys) => new Map([...(await store.get(keys))].map(([key]) => [key, null])) }),
    ],
    ["while the reads fail", () => ({ get: () => Promise.reject(new Error("500")) })],
    ["while nothing is known to be served", () => ({ history: async () => [] })],
  ])("are not deleted %s", async (name, change) => {
    const { store, now } = await openWithSix();
    const before = new Map(store.values);
    const mayDelete = () => name !== "by one who leads no more";
    const collecting = collector({ ...store, ...change(store) }, { now, mayDelete }).collect();
    expect(await collecting.catch(() => 0)).toBe(0);
    expect(store.values).toEqual(before);
  });

  it("are kept when something that was published since they were found names them", async () => {
    const { store, now } = await openWithSix();
    const overtaken: SnapshotStore = {
      ...store,
      async list(prefix) {
        const keys = await store.list(prefix);
        // The oldest table comes back, its leaves written as long ago as the list says.
        if (prefix === "leaf/") await publish(store, tableOf(1), { epoch: 1 });
        return keys;
      },
    };
    expect(await collector(overtaken, { now }).collect()).toBeGreaterThan(0);
    for (const { pointer } of (await store.history()).slice(0, 3)) expect(missingOf(store, pointer.root)).toEqual([]);
  });

  it("are found by reading each root that is over only once", async () => {
    const { store, now } = await openWithSix();
    const read: string[] = [];
    const counting: SnapshotStore = {
      ...store,
      get(keys) {
        read.push(...keys);
        return store.get(keys);
      },
    };
    const collecting = collector(counting, { now, keepGenerations: 1, keepMs: 10 * DAY_MS });
    await collecting.collect();
    expect(read).toHaveLength(6);
    await collecting.collect();
    expect(read.slice(6)).toEqual([rootKey((await store.pointer())?.root ?? "")]);
  });

  it("are deleted by a collector that saw them served once", async () => {
    let now = 1_000_000;
    const store = createMemoryStore("test", () => now);
    const collecting = collector(store, { now: () => now, keepGenerations: 1 });
    await publish(store, tableOf(1), { epoch: 1 });
    const first = new Set(store.values.keys());
    expect(await collecting.collect()).toBe(0);
    await publish(store, tableOf(2), { epoch: 1 });
    now += DAY_MS;
    // The root and the route; what stands behind both tables is one leaf.
    expect(await collecting.collect()).toBe(2);
    expect([...first].filter((key) => store.values.has(key))).toHaveLength(1);
  });

  it("are kept as long as any of the roots that name them, whichever was written first", async () => {
    const hour = 3600 * 1000;
    let now = 1_000_000;
    const store = createMemoryStore("test", () => now);
    // The first two have the same routes; the first is served again for an hour, and is older than the second.
    for (const table of [tableOf(1, 1), tableOf(1, 2), tableOf(2, 3)]) {
      now += hour;
      await publish(store, table, { epoch: 1 });
    }
    const [, , first] = await store.history();
    for (const generation of [1, 3]) {
      now += hour;
      expect(await rollBack(store, generation, 1)).toMatchObject({ status: "rolled-back" });
    }
    const replacedAt = now;
    const collecting = collector(store, { now: () => now, keepGenerations: 1 });
    expect(await collecting.collect()).toBe(0);
    now = replacedAt + KEEP_MS;
    // The second root, and its endpoints.
    expect(await collecting.collect()).toBe(2);
    expect(missingOf(store, first?.pointer.root ?? "")).toEqual([]);
    now = replacedAt + KEEP_MS + 1;
    expect(await collecting.collect()).toBe(3);
    expect(store.values.size).toBe(3);
  });

  it("are deleted one alone, and ten thousand at once at most, as KV does it", async () => {
    const { store, now } = await openWithSix();
    const batches: number[] = [];
    const withMany = (count: number): SnapshotStore => ({
      ...store,
      list: async (prefix) =>
        prefix === "root/"
          ? (await store.list(prefix)).slice(-1)
          : Array.from({ length: count }, (_, index) => ({ key: `leaf/${index}`, owner: "test", writtenAt: 0 })),
      delete: async (keys) => {
        batches.push(keys.length);
      },
    });
    expect(await collector(withMany(10_001), { now }).collect()).toBe(10_001);
    expect(await collector(withMany(1), { now }).collect()).toBe(1);
    expect(batches).toEqual([10_000, 1, 1]);
  });

  it("never take along a part of what was served lately, whenever something is published", async () => {
    const step = fc.record({
      does: fc.constantFrom("publish", "publish again", "roll-back", "collect", "collect-and-publish", "another"),
      which: fc.integer({ min: 1, max: 5 }),
      pod: fc.integer({ min: 1, max: 2 }),
      afterMs: fc.nat(KEEP_MS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let now = 1_000_000;
        const store = createMemoryStore("test", () => now);
        let meanwhile: (() => Promise<unknown>) | undefined;
        const interrupted: SnapshotStore = {
          ...store,
          async list(prefix) {
            const keys = await store.list(prefix);
            if (prefix === "leaf/") await meanwhile?.();
            return keys;
          },
        };
        const options = { now: () => now, keepGenerations: 2 };
        let collecting = collector(interrupted, options);
        for (const { does, which, pod, afterMs } of steps) {
          now += afterMs;
          const change = () => publish(store, tableOf(which, pod), { epoch: 1 });
          meanwhile = does === "collect-and-publish" ? change : undefined;
          if (does === "publish" || does === "publish again") await change();
          else if (does === "roll-back") await rollBack(store, (await store.history()).length - which, 1);
          else if (does === "another") collecting = collector(interrupted, options);
          else await collecting.collect();
          const history = await store.history();
          for (const [index, { pointer }] of history.entries()) {
            const replacedAt = history[index - 1]?.at ?? now;
            if (index < 2 || replacedAt >= now - KEEP_MS) expect(missingOf(store, pointer.root)).toEqual([]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
