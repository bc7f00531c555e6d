import { describe, expect, it } from "vitest";
import { rootKey } from "../../src/snapshot/leaf-keys.ts";
import { plan } from "../../src/snapshot/plan.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import type { SnapshotStore } from "../../sync-agent/publish/snapshot-store.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

const { rootHash, root, writes } = plan({
  desired: makeTable([makeRouter("r", hostRule("a.example.com"))]),
  publisher: "test",
  hash: contentHash,
});

/**
 * What every store must do.
 *
 * @param open gives an empty store of the publisher `test`
 * @param remembersOlder false where only the current pointer is kept
 */
export function describeStore(
  name: string,
  open: () => Promise<SnapshotStore>,
  { remembersOlder = true }: { remembersOlder?: boolean } = {},
): void {
  describe(`${name} as a snapshot store`, () => {
    it("is empty at first", async () => {
      const store = await open();
      expect(await store.current()).toBeUndefined();
      expect(await store.history()).toEqual([]);
      expect(await store.get([rootKey(rootHash)])).toEqual(new Map([[rootKey(rootHash), null]]));
    });

    it("gives back what was put, and the pointer with its root once advanced", async () => {
      const store = await open();
      await store.put(writes);
      expect(await store.current()).toBeUndefined();
      const answer = await store.advance({ expected: null, next: { epoch: 1, root: rootHash, publisher: "test" } });
      const pointer = { publisher: "test", epoch: 1, generation: 1, root: rootHash };
      expect(answer).toMatchObject({ accepted: true, pointer });
      expect(await store.current()).toEqual({ pointer, root });
      expect(await store.get([...writes.keys(), "leaf/none"])).toEqual(new Map([...writes, ["leaf/none", null]]));
    });

    it("reads more keys than a bulk get takes", async () => {
      const store = await open();
      const many = new Map(Array.from({ length: 230 }, (_, index) => [`leaf/${index}`, `value ${index}`]));
      await store.put(many);
      expect(await store.get([...many.keys()])).toEqual(many);
    });

    it("has a pointer without a root when the root is gone", async () => {
      const store = await open();
      await store.advance({ expected: null, next: { epoch: 1, root: "x".repeat(16), publisher: "test" } });
      expect(await store.current()).toMatchObject({ pointer: { generation: 1 }, root: undefined });
    });

    it("refuses whoever saw an older pointer, and an older leader", async () => {
      const store = await open();
      const next = { epoch: 2, root: rootHash, publisher: "test" };
      await store.advance({ expected: null, next });
      expect(await store.advance({ expected: null, next })).toMatchObject({
        accepted: false,
        reason: "stale-expectation",
        pointer: { generation: 1 },
      });
      const older = { expected: { epoch: 2, generation: 1 }, next: { ...next, epoch: 1 } };
      expect(await store.advance(older)).toMatchObject({ accepted: false, reason: "stale-epoch" });
    });

    it("remembers the pointers that it can, newest first", async () => {
      const store = await open();
      await store.advance({ expected: null, next: { epoch: 1, root: "a".repeat(16), publisher: "test" } });
      await store.advance({
        expected: { epoch: 1, generation: 1 },
        next: { epoch: 1, root: "b".repeat(16), publisher: "test" },
      });
      const history = await store.history();
      expect(history.map(({ pointer }) => pointer.generation)).toEqual(remembersOlder ? [2, 1] : [2]);
      expect(history.every(({ at }) => Number.isFinite(at))).toBe(true);
    });
  });
}
