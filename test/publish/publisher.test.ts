import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leafKey, rootKey } from "../../src/snapshot/leaf-keys.ts";
import { namedLeaves } from "../../src/snapshot/plan.ts";
import type { Table } from "../../src/table/table.ts";
import { createMemoryStore, type MemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { readPublished } from "../../sync-agent/publish/read-published.ts";
import { rollBack } from "../../sync-agent/publish/roll-back.ts";
import type { SnapshotStore } from "../../sync-agent/publish/snapshot-store.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

const tableOf = (...hosts: string[]): Table => makeTable(hosts.map((host) => makeRouter(host, hostRule(host))));

/** Keeps a list of what is asked of a store. */
function recordCalls(store: SnapshotStore): { store: SnapshotStore; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    store: {
      ...store,
      put: (writes) => {
        calls.push(...[...writes.keys()].map((key) => key.slice(0, 5)));
        return store.put(writes);
      },
      advance: (request) => {
        calls.push("advance");
        return store.advance(request);
      },
    },
  };
}

async function leavesOfCurrent(store: MemoryStore): Promise<(string | undefined)[]> {
  const root = (await store.current())?.root;
  return [...namedLeaves(root ?? expect.fail("no root"))].map((hash) => store.values.get(leafKey(hash)));
}

describe("publish", () => {
  it("writes leaves, then the root, then moves the pointer", async () => {
    const { store, calls } = recordCalls(createMemoryStore("test"));
    const result = await publish(store, tableOf("a.example.com", "b.example.com"), { epoch: 1 });
    expect(result).toMatchObject({ status: "published", pointer: { epoch: 1, generation: 1 }, problems: [] });
    expect(calls.slice(-2)).toEqual(["root/", "advance"]);
    expect(new Set(calls.slice(0, -2))).toEqual(new Set(["leaf/"]));
  });

  it("writes nothing and moves nothing when nothing changed", async () => {
    const memory = createMemoryStore("test");
    await publish(memory, tableOf("a.example.com"), { epoch: 1 });
    const { store, calls } = recordCalls(memory);
    expect(await publish(store, tableOf("a.example.com"), { epoch: 1 })).toMatchObject({
      status: "unchanged",
      pointer: { generation: 1 },
    });
    expect(calls).toEqual([]);
  });

  it("writes everything again when the current root is gone", async () => {
    const store = createMemoryStore("test");
    await publish(store, tableOf("a.example.com"), { epoch: 1 });
    store.values.clear();
    const result = await publish(store, tableOf("a.example.com"), { epoch: 1 });
    expect(result).toMatchObject({ status: "published", pointer: { generation: 2 } });
    expect(await leavesOfCurrent(store)).not.toContain(undefined);
  });

  it("leaves the pointer where it is when a write fails", async () => {
    const memory = createMemoryStore("test");
    await publish(memory, tableOf("a.example.com"), { epoch: 1 });
    const before = await memory.current();
    const failing: SnapshotStore = { ...memory, put: () => Promise.reject(new Error("429")) };
    await expect(publish(failing, tableOf("b.example.com"), { epoch: 1 })).rejects.toThrow("429");
    expect(await memory.current()).toEqual(before);
  });

  it.each([
    ["before it begins", () => false, 0],
    ["while leaves are written", (key: string) => key.startsWith("leaf/"), 1],
    ["while the root is written", (key: string) => key.startsWith("root/"), 2],
  ])("that is given up %s moves nothing, and leaves what is served whole", async (_, givesUpAt, puts) => {
    const memory = createMemoryStore("test");
    await publish(memory, tableOf("a.example.com"), { epoch: 1 });
    const before = await memory.current();
    const giving = new AbortController();
    if (puts === 0) giving.abort(new Error("enough"));
    const { store, calls } = recordCalls({
      ...memory,
      async put(writes) {
        await memory.put(writes);
        if ([...writes.keys()].some(givesUpAt)) giving.abort(new Error("enough"));
      },
    });
    const given = publish(store, tableOf("b.example.com"), { epoch: 1, signal: giving.signal });
    await expect(given).rejects.toThrow("enough");
    expect(new Set(calls).size).toBe(puts);
    expect(await memory.current()).toEqual(before);
    expect(await leavesOfCurrent(memory)).not.toContain(undefined);
    expect(await publish(memory, tableOf("b.example.com"), { epoch: 1 })).toMatchObject({ status: "published" });
  });

  it("publishes an empty table first, and in place of another only when told to", async () => {
    const store = createMemoryStore("test");
    expect(await publish(store, tableOf(), { epoch: 1 })).toMatchObject({ status: "published" });
    await publish(store, tableOf("a.example.com"), { epoch: 1 });
    expect(await publish(store, tableOf(), { epoch: 1 })).toMatchObject({
      status: "refused",
      reason: "empty-table",
      pointer: { generation: 2 },
    });
    expect(await publish(store, tableOf(), { epoch: 1, allowEmpty: true })).toMatchObject({
      status: "published",
      pointer: { generation: 3 },
    });
    const moved = { ...tableOf(), entryPoints: { web: { port: 8080 } } };
    expect(await publish(store, moved, { epoch: 1 })).toMatchObject({
      status: "published",
      pointer: { generation: 4 },
    });
  });

  it("is refused for an ex-leader", async () => {
    const store = createMemoryStore("test");
    await publish(store, tableOf("a.example.com"), { epoch: 2 });
    expect(await publish(store, tableOf("b.example.com"), { epoch: 1 })).toMatchObject({
      status: "refused",
      reason: "stale-epoch",
    });
  });
});

/** A process that is killed at a step: before it, half way through what it writes, or before it hears the answer. */
function killedAt(store: SnapshotStore, step: number, when: "before" | "half" | "after"): SnapshotStore {
  let steps = 0;
  const dead = async () => Promise.reject(new Error("killed"));
  const run = async <T>(work: () => Promise<T>, half: () => Promise<unknown> = dead): Promise<T> => {
    steps += 1;
    if (steps > step) return dead();
    if (steps < step) return work();
    if (when === "half") await half();
    if (when === "after") await work();
    return dead();
  };
  return {
    ...store,
    current: () => run(() => store.current()),
    put: (writes) =>
      run(
        () => store.put(writes),
        () => store.put(new Map([...writes].slice(0, writes.size / 2))),
      ),
    advance: (request) => run(() => store.advance(request)),
  };
}

it("whoever is killed in the middle leaves a whole table, and the next one ends what he began", async () => {
  const hosts = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1 });
  const kill = fc.record({
    hosts,
    step: fc.integer({ min: 1, max: 5 }),
    when: fc.constantFrom("before" as const, "half" as const, "after" as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(kill, { minLength: 1, maxLength: 6 }), hosts, async (kills, last) => {
      const store = createMemoryStore("test");
      await publish(store, tableOf("first"), { epoch: 1 });
      let generation = 1;
      for (const { hosts: wanted, step, when } of kills) {
        await publish(killedAt(store, step, when), tableOf(...wanted), { epoch: 1 }).catch((error: unknown) =>
          expect(error).toMatchObject({ message: "killed" }),
        );
        expect(await leavesOfCurrent(store)).not.toContain(undefined);
        const moved = (await store.pointer())?.generation ?? 0;
        expect([generation, generation + 1]).toContain(moved);
        generation = moved;
      }
      const result = await publish(store, tableOf(...last), { epoch: 1 });
      if (result.status === "refused") expect.fail(result.reason);
      const served = await readPublished(store, result.pointer);
      expect(served?.routers.map(({ name }) => name).sort()).toEqual([...last].sort());
    }),
  );
});

describe("rollBack", () => {
  async function openWithThree(): Promise<MemoryStore> {
    const store = createMemoryStore("test");
    for (const host of ["a", "b", "c"]) await publish(store, tableOf(`${host}.example.com`), { epoch: 1 });
    return store;
  }

  it("points to the older root by a new generation", async () => {
    const store = await openWithThree();
    const before = (await store.history()).find(({ pointer }) => pointer.generation === 1);
    const result = await rollBack(store, 1, 1);
    expect(result).toMatchObject({ status: "rolled-back", pointer: { generation: 4, root: before?.pointer.root } });
    expect(await publish(store, tableOf("a.example.com"), { epoch: 1 })).toMatchObject({ status: "unchanged" });
  });

  it("refuses a generation that the history does not have", async () => {
    expect(await rollBack(await openWithThree(), 9, 1)).toEqual({ status: "refused", reason: "unknown-generation" });
  });

  it("refuses a root or leaves that are gone", async () => {
    const store = await openWithThree();
    const [, , oldest] = await store.history();
    const key = rootKey(oldest?.pointer.root ?? "");
    const root = store.values.get(key) ?? "";
    store.values.delete(key);
    expect(await rollBack(store, 1, 1)).toEqual({ status: "refused", reason: "root-unreadable" });
    store.values.set(key, root);
    for (const leaf of store.values.keys()) if (leaf.startsWith("leaf/")) store.values.delete(leaf);
    expect(await rollBack(store, 1, 1)).toEqual({ status: "refused", reason: "leaves-missing" });
    expect((await store.current())?.pointer.generation).toBe(3);
  });

  it("refuses an older leader", async () => {
    expect(await rollBack(await openWithThree(), 1, 0)).toEqual({ status: "refused", reason: "moved" });
  });
});
