import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HistoryEntry } from "../../src/beacon/beacon-state.ts";
import { findGarbage, type RootsRequest, rootsServedUntil, type StoredKey } from "../../src/snapshot/garbage.ts";
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
const request = { keys, history, keepGenerations: 1, owner: "test", now: NOW };

/** What is garbage by all roots and their leaves. */
function garbageOf({ now, ...request }: RootsRequest & { now: number }): string[] {
  const { keys, owner } = request;
  const until = rootsServedUntil({ ...request, keys: keys.filter(({ key }) => key.startsWith("root/")) });
  const leaves = new Map<string, number>();
  for (const [hash, root] of roots) {
    for (const leaf of namedLeaves(root)) {
      leaves.set(leaf, Math.max(leaves.get(leaf) ?? 0, until.get(`root/${hash}`) ?? 0));
    }
  }
  return findGarbage({ keys, roots: until, leaves, owner, horizon: now - KEEP });
}

describe("findGarbage", () => {
  it("finds what no wanted root names, and keeps the root that served when the time to keep began", () => {
    const garbage = garbageOf(request);
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
    expect(garbageOf({ ...request, keepGenerations: 4 })).toEqual([]);
  });

  it("keeps leaves that nothing names yet, since a publish may be under way", () => {
    const fresh = { key: `leaf/${"f".repeat(16)}`, owner: "test", writtenAt: NOW - MINUTE };
    expect(garbageOf({ ...request, keys: [...keys, fresh] })).not.toContain(fresh.key);
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
        const garbage = new Set(garbageOf({ ...request, keys, history, keepGenerations: count, now: at }));
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
  it("keeps leaves that another owner's root names, however old it is", () => {
    const [hash = expect.fail("no leaf")] = namedLeaves(roots.get(rootHashAt(0)) ?? expect.fail("no root"));
    expect(garbageOf(request)).toContain(`leaf/${hash}`);
    const others = keys.map((key) => (key.key === `root/${rootHashAt(0)}` ? { ...key, owner: "other" } : key));
    expect(garbageOf({ ...request, keys: others })).not.toContain(`leaf/${hash}`);
  });

  it.each<[string, Partial<RootsRequest>]>([
    ["another owner's keys", { keys: keys.map((key) => ({ ...key, owner: "other" })) }],
    ["keys without an owner", { keys: keys.map((key) => ({ ...key, owner: undefined })) }],
    ["keys without a time", { keys: keys.map((key) => ({ ...key, writtenAt: undefined })) }],
    ["keys that are not of the tree", { keys: [{ key: "pointer/test", owner: "test", writtenAt: 0 }] }],
  ])("keeps %s", (_, change) => {
    expect(garbageOf({ ...request, ...change })).toEqual([]);
  });
});
