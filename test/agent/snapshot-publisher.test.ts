import { describe, expect, it } from "vitest";
import { leafKey, rootKey } from "../../src/snapshot/leaf-keys.ts";
import { namedLeaves } from "../../src/snapshot/plan.ts";
import { createSnapshotPublisher, type SnapshotPublisherOptions } from "../../sync-agent/agent/snapshot-publisher.ts";
import { createMemoryStore, type MemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { PublishError } from "../../sync-agent/publish/publish-error.ts";
import type { SnapshotStore } from "../../sync-agent/publish/snapshot-store.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

const { signal } = new AbortController();
const tableOf = (count: number) =>
  makeTable(Array.from({ length: count }, (_, index) => makeRouter(`r${index}`, hostRule(`h${index}.example.com`))));

/** What another process published, and this one's publisher. */
async function takeOver(
  options: SnapshotPublisherOptions = {},
  wrap: (store: MemoryStore) => SnapshotStore = (store) => store,
) {
  const store = createMemoryStore("test");
  await createSnapshotPublisher(store).publish(tableOf(20), { epoch: 1, signal });
  const publisher = createSnapshotPublisher(wrap(store), options);
  return { store, publish: (count: number) => publisher.publish(tableOf(count), { epoch: 1, signal }) };
}

async function loseLeaf(store: MemoryStore): Promise<string> {
  const [hash = expect.fail("no leaf")] = namedLeaves((await store.current())?.root ?? expect.fail("no root"));
  store.values.delete(leafKey(hash));
  return leafKey(hash);
}

async function loseRoot(store: MemoryStore): Promise<string> {
  const key = rootKey((await store.pointer())?.root ?? expect.fail("no pointer"));
  store.values.delete(key);
  return key;
}

describe("a publisher that takes over", () => {
  it("holds back what would take most of what another process published", async () => {
    const { publish } = await takeOver();
    expect(await publish(5)).toMatchObject({ status: "refused", reason: "guarded", pointer: { generation: 1 } });
    expect(await publish(15)).toMatchObject({ status: "published", pointer: { generation: 2 } });
  });

  it.each([
    ["the root", loseRoot],
    ["a leaf", loseLeaf],
  ])("does not take a table for an empty one while %s is not to be read", async (_, lose) => {
    const { store, publish } = await takeOver({ now: () => 0 });
    const values = new Map(store.values);
    const key = await lose(store);
    await expect(publish(1)).rejects.toMatchObject({ code: "transient", message: expect.stringContaining("whole") });
    expect((await store.pointer())?.generation).toBe(1);
    store.values.set(key, values.get(key) ?? "");
    expect(await publish(1)).toMatchObject({ status: "refused", reason: "guarded" });
  });

  it.each([
    ["the root", loseRoot],
    ["a leaf", loseLeaf],
  ])("writes all of it again when %s is lost for good", async (_, lose) => {
    let now = 0;
    const { store, publish } = await takeOver({ now: () => now });
    const key = await lose(store);
    await expect(publish(20)).rejects.toBeInstanceOf(PublishError);
    now = 5 * 60_000;
    expect(await publish(20)).toMatchObject({ status: "published", pointer: { generation: 2 } });
    const root = (await store.current())?.root ?? expect.fail("no root");
    for (const hash of namedLeaves(root)) expect(store.values.has(leafKey(hash))).toBe(true);
    expect(key.startsWith("leaf/") ? store.values.has(key) : true).toBe(true);
  });

  it("writes all of it again at once when it is told that loss is meant", async () => {
    const { store, publish } = await takeOver({ allowLoss: true });
    await loseRoot(store);
    expect(await publish(1)).toMatchObject({ status: "published", pointer: { generation: 2 } });
  });

  it("guards nothing by a read that failed", async () => {
    let isDown = true;
    const { publish } = await takeOver({}, (store) => ({
      ...store,
      get: (keys) => (isDown ? Promise.reject(new PublishError("transient", "500")) : store.get(keys)),
    }));
    await expect(publish(1)).rejects.toThrow("500");
    isDown = false;
    expect(await publish(1)).toMatchObject({ status: "refused", reason: "guarded" });
  });

  it("writes nothing for the table that is served already", async () => {
    const { store, publish } = await takeOver();
    const before = new Map(store.values);
    expect(await publish(20)).toMatchObject({ status: "unchanged", pointer: { generation: 1 } });
    expect(store.values).toEqual(before);
  });
});
