import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findEndpointBucket } from "../../src/snapshot/find-buckets.ts";
import { leafKeys } from "../../src/snapshot/leaf-keys.ts";
import { createPlanner, type Plan, plan } from "../../src/snapshot/plan.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { Service } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";
import { applyChanges, diffTables, emptyChanges, joinChanges } from "../../src/table/table-changes.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeLoadBalancer, makeRouter, makeTable } from "./make-table.ts";

const rule: fc.Arbitrary<(index: number) => Rule> = fc.oneof(
  fc.tuple(fc.constantFrom("a.com", "b.com", "big.com"), fc.boolean()).map(
    ([host, hasPath]) =>
      (index: number) =>
        hostRule(host, hasPath ? `/app-${index * 7919}` : undefined),
  ),
  fc.constantFrom("a.com", "com").map((suffix) => (): Rule => ({ type: "hostWildcard", suffix })),
  fc.constant((index: number): Rule => ({ type: "pathPrefix", path: `/app-${index}` })),
);
const router = fc.record({
  rule,
  length: fc.oneof({ arbitrary: fc.constantFrom(0, 9_000), weight: 9 }, { arbitrary: fc.constant(140_000), weight: 1 }),
  service: fc.constantFrom("a", "b", "c", "gone"),
  middlewares: fc.subarray(["chain", "prefix", "gone"]),
});
const service: fc.Arbitrary<Service> = fc.oneof(
  fc.constantFrom("e0", "e1").map(makeLoadBalancer),
  fc.constantFrom<Service>(
    { type: "failover", service: "a", fallback: "b" },
    { type: "filtered", service: "c", middlewares: ["chain"] },
    { type: "weighted", children: [{ service: "gone", weight: 1 }] },
  ),
);
/** Names that stay, things under them that change; enough routes of one host that it is split and no longer. */
const table: fc.Arbitrary<Table> = fc
  .record({
    routers: fc.array(fc.option(router, { freq: 3 }), { maxLength: 40 }),
    services: fc.dictionary(fc.constantFrom("a", "b", "c", "gone"), service),
    prefix: fc.constantFrom("/1", "/2"),
    hasChain: fc.boolean(),
    pods: fc.array(
      fc.oneof({ arbitrary: fc.nat({ max: 60 }), weight: 9 }, { arbitrary: fc.constant(4_000), weight: 1 }),
      {
        maxLength: 60,
      },
    ),
  })
  .map(({ routers, services, prefix, hasChain, pods }) => ({
    ...makeTable(
      routers.flatMap((one, index) =>
        one === null
          ? []
          : makeRouter(`r${String(index).padStart(2, "0")}`, one.rule(index), {
              ruleText: "x".repeat(one.length),
              service: one.service,
              middlewares: one.middlewares,
            }),
      ),
    ),
    services,
    middlewares: {
      prefix: { type: "addPrefix", prefix },
      ...(hasChain ? { chain: { type: "chain" as const, middlewares: ["prefix"] } } : {}),
    },
    endpoints: Object.fromEntries(pods.map((count, index) => [`e${index}`, endpointsOf(count)])),
  }));

const endpointsOf = (count: number) => ({
  endpoints: Array.from({ length: count }, (_, index) => ({
    address: `10.0.${index >> 8}.${index & 255}`,
    port: 80,
    state: index % 3 === 0 ? ("terminating" as const) : ("ready" as const),
  })),
});

const current = (planned: Plan | undefined) => planned && { hash: planned.rootHash, root: planned.root };

describe("a planner", () => {
  it("gives, after whatever came before, the plan made from nothing", () => {
    const step = fc.record({
      table,
      base: fc.constantFrom("none", "the last", "the first"),
      changes: fc.constantFrom("told", "joined", "found"),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 6 }), (steps) => {
        const planner = createPlanner({ hash: contentHash });
        const plans: Plan[] = [];
        let before: Table | undefined;
        for (const { table: desired, base, changes } of steps) {
          const on = current(base === "none" ? undefined : base === "the last" ? plans.at(-1) : plans[0]);
          const detour = makeTable([makeRouter("r00", hostRule("detour.com"))]);
          const told =
            before === undefined || changes === "found"
              ? undefined
              : changes === "told"
                ? diffTables(before, desired)
                : joinChanges(diffTables(before, detour), diffTables(detour, desired));
          const planned = planner.plan({ desired, publisher: "test", current: on, changes: told });
          const fresh = plan({ desired, publisher: "test", current: on, hash: contentHash });
          expect(planned.rootHash).toBe(fresh.rootHash);
          expect(planned.root).toEqual(fresh.root);
          expect([...planned.writes]).toEqual([...fresh.writes]);
          expect(planned.stats).toEqual(fresh.stats);
          expect(planned.problems).toEqual(fresh.problems);
          plans.push(planned);
          before = desired;
        }
      }),
      { numRuns: 50 },
    );
  });

  it("hashes what one Pod's change touches, whatever else is there", () => {
    const hashed: string[] = [];
    const hash = (text: string): string => {
      hashed.push(text);
      return contentHash(text);
    };
    const names = Array.from({ length: 2_000 }, (_, index) => `app-${index}`);
    const desired: Table = {
      ...makeTable(names.map((name) => makeRouter(name, hostRule(`${name}.example.com`), { service: name }))),
      services: Object.fromEntries(names.map((name) => [name, makeLoadBalancer(name)])),
      endpoints: Object.fromEntries(names.map((name) => [name, endpointsOf(2)])),
    };
    const planner = createPlanner({ hash });
    const first = planner.plan({ desired, publisher: "test" });
    hashed.length = 0;
    const changes = emptyChanges();
    changes.endpoints.put["app-7"] = endpointsOf(3);
    const next = planner.plan({
      desired: applyChanges(desired, changes),
      publisher: "test",
      current: current(first),
      changes,
    });
    expect(hashed).toHaveLength(2);
    expect([...next.writes.keys()]).toEqual([
      ...leafKeys(findEndpointBucket(next.root, "app-7")),
      `root/${next.rootHash}`,
    ]);
  });
});
