import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HistoryEntry } from "../../src/beacon/beacon-state.ts";
import { findGarbage, type GarbageRequest, type StoredKey } from "../../src/snapshot/garbage.ts";
import { namedLeaves, type Plan, plan } from "../../src/snapshot/plan.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeRouter, makeTable } from "./make-table.ts";

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;
const KEEP = 30 * MINUTE;

/** Four generations, each of another host, written at these minutes before now. */
const ages = [200, 100, 50, 10];
const plans: Plan[] = [];
for (const index of ages.keys()) {
  const previous = plans.at(-1);
  plans.push(
    plan({
      desired: makeTable([makeRouter(`r${index}`, hostRule(`host-${index}.example.com`))]),
      publisher: "test",
      current: previous && { hash: previous.rootHash, root: previous.root },
      hash: contentHash,
    }),
  );
}
const keys: StoredKey[] = plans.flatMap(({ writes }, index) =>
  [...writes.keys()].map((key) => ({ key, owner: "test", writtenAt: NOW - (ages[index] ?? 0) * MINUTE })),
);
const roots = new Map(plans.map(({ rootHash, root }) => [rootHash, root]));
const rootHashAt = (index: number): string => plans[index]?.rootHash ?? "";
const history: HistoryEntry[] = plans
  .map(({ rootHash }, index) => ({
    pointer: { publisher: "test", epoch: 1, generation: index + 1, root: rootHash },
    at: NOW - (ages[index] ?? 0) * MINUTE,
  }))
  .reverse();
const request: GarbageRequest = { keys, roots, history, keepGenerations: 1, owner: "test", now: NOW, keepMs: KEEP };

describe("findGarbage", () => {
  it("finds what no wanted root names, and keeps the root that served when the time to keep began", () => {
    const garbage = findGarbage(request);
    expect(garbage).toContain(`root/${rootHashAt(0)}`);
    expect(garbage).toContain(`root/${rootHashAt(1)}`);
    expect(garbage).not.toContain(`root/${rootHashAt(2)}`);
    expect(garbage).not.toContain(`root/${rootHashAt(3)}`);
    for (const index of [2, 3]) {
      const root = roots.get(rootHashAt(index)) ?? expect.fail("no root");
      for (const hash of namedLeaves(root)) expect(garbage).not.toContain(`leaf/${hash}`);
    }
    expect(garbage.some((key) => key.startsWith("leaf/"))).toBe(true);
  });

  it("keeps the generations that a rollback may go to, with all their leaves", () => {
    expect(findGarbage({ ...request, keepGenerations: 4 })).toEqual([]);
  });

  it("keeps leaves that nothing names yet, since a publish may be under way", () => {
    const fresh = { key: `leaf/${"f".repeat(16)}`, owner: "test", writtenAt: NOW - MINUTE };
    expect(findGarbage({ ...request, keys: [...keys, fresh] })).not.toContain(fresh.key);
  });

  it("leaves whole every root that served within the time to keep, over publishes and rollbacks", () => {
    const event = fc.record({ root: fc.nat(plans.length - 1), afterMs: fc.nat(20 * MINUTE) });
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 4 }), (events, count) => {
        let at = 0;
        const writtenAt = new Map<string, number>();
        const history: HistoryEntry[] = [];
        for (const { root, afterMs } of events) {
          at += afterMs;
          const planned = plans[root] ?? expect.fail("no plan");
          const whole = [`root/${planned.rootHash}`, ...[...namedLeaves(planned.root)].map((hash) => `leaf/${hash}`)];
          for (const key of whole) if (!writtenAt.has(key)) writtenAt.set(key, at);
          const pointer = { publisher: "test", epoch: 1, generation: history.length + 1, root: planned.rootHash };
          history.unshift({ pointer, at });
        }
        const keys = [...writtenAt].map(([key, writtenAt]) => ({ key, owner: "test", writtenAt }));
        const garbage = new Set(findGarbage({ ...request, keys, history, keepGenerations: count, now: at }));
        for (const [index, { pointer }] of history.entries()) {
          const replacedAt = history[index - 1]?.at ?? at;
          if (index >= count && replacedAt < at - KEEP) continue;
          expect(garbage).not.toContain(`root/${pointer.root}`);
          const root = roots.get(pointer.root) ?? expect.fail("no root");
          for (const hash of namedLeaves(root)) expect(garbage).not.toContain(`leaf/${hash}`);
        }
      }),
    );
  });
});

describe("findGarbage, careful", () => {
  it.each<[string, Partial<GarbageRequest>]>([
    ["another owner's keys", { keys: keys.map((key) => ({ ...key, owner: "other" })) }],
    ["keys without an owner", { keys: keys.map((key) => ({ ...key, owner: undefined })) }],
    ["keys without a time", { keys: keys.map((key) => ({ ...key, writtenAt: undefined })) }],
    ["everything while a wanted root cannot be read", { roots: new Map([...roots].slice(0, 3)) }],
    ["everything while nothing was ever current", { history: [] }],
    ["keys that are not of the tree", { keys: [{ key: "pointer/test", owner: "test", writtenAt: 0 }] }],
  ])("keeps %s", (_, change) => {
    expect(findGarbage({ ...request, ...change })).toEqual([]);
  });
});
