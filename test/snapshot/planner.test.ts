import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findEndpointBucket } from "../../src/snapshot/find-buckets.ts";
import { leafKeys } from "../../src/snapshot/leaf-keys.ts";
import { createPlanner, type Plan, plan } from "../../src/snapshot/plan.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { ChildRouter } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { Service } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";
import { applyChanges, diffTables, emptyChanges } from "../../src/table/table-changes.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeLoadBalancer, makeRouter, makeTable } from "./make-table.ts";

const manyHosts = Array.from({ length: 1_200 }, (_, index) => `h${index}.com`);
const rule: fc.Arbitrary<(index: number) => Rule> = fc.oneof(
  fc.tuple(fc.constantFrom("a.com", "b.com", "big.com"), fc.boolean()).map(
    ([host, hasPath]) =>
      (index: number) =>
        hostRule(host, hasPath ? `/app-${index * 7919}` : undefined),
  ),
  fc.constantFrom("a.com", "com").map((suffix) => (): Rule => ({ type: "hostWildcard", suffix })),
  fc.constant((index: number): Rule => ({ type: "pathPrefix", path: `/app-${index}` })),
  // Too large for a leaf even when it is closed.
  fc.constant((index: number): Rule => ({ type: "or", rules: manyHosts.map((host) => hostRule(host, `/${index}`)) })),
);
const router = fc.record({
  rule,
  length: fc.oneof({ arbitrary: fc.constantFrom(0, 9_000), weight: 9 }, { arbitrary: fc.constant(140_000), weight: 1 }),
  service: fc.constantFrom("a", "b", "c", "gone"),
  middlewares: fc.subarray(["chain", "prefix", "gone"]),
});
const makeChildRouter = (name: string): ChildRouter => ({
  name,
  rule: { type: "header", name: "X-User", value: name },
  ruleText: "",
  priority: 1,
  tieBreaker: name,
  middlewares: ["prefix"],
  service: name,
});
const service: fc.Arbitrary<Service> = fc.oneof(
  fc.constantFrom("e0", "e1").map(makeLoadBalancer),
  fc.constantFrom<Service>(
    { type: "failover", service: "a", fallback: "b" },
    { type: "filtered", service: "c", middlewares: ["chain"] },
    { type: "weighted", children: [{ service: "gone", weight: 1 }] },
    { type: "routers", routers: ["b", "gone"].map(makeChildRouter) },
  ),
);
type RouterSpec = typeof router extends fc.Arbitrary<infer T> ? T : never;

/** What a table is made of; edits change one thing. */
interface Spec {
  routers: Map<number, RouterSpec>;
  services: Map<string, Service>;
  prefix: string;
  hasChain: boolean;
  pods: Map<number, number>;
}

/** Enough routes of one host that it is split; where half of them are left, `/user-4` is a path to split at. */
const first = (): Spec => {
  const one: RouterSpec = {
    rule: (index) => hostRule("big.com", `/user-${index}`),
    length: 9_000,
    service: "a",
    middlewares: ["chain"],
  };
  return {
    routers: new Map(Array.from({ length: 14 }, (_, index) => [index, one])),
    services: new Map([["a", makeLoadBalancer("e0")]]),
    prefix: "/1",
    hasChain: true,
    pods: new Map([[0, 2]]),
  };
};

const manyOrFew = fc.oneof({ arbitrary: fc.nat({ max: 60 }), weight: 9 }, { arbitrary: fc.constant(4_000), weight: 1 });
const edit: fc.Arbitrary<(spec: Spec) => void> = fc.oneof(
  fc.tuple(fc.nat({ max: 20 }), router).map(
    ([index, one]) =>
      (spec: Spec) =>
        void spec.routers.set(index, one),
  ),
  fc.nat({ max: 20 }).map((index) => (spec: Spec) => void spec.routers.delete(index)),
  fc.nat({ max: 14 }).map((from) => (spec: Spec) => {
    for (const index of spec.routers.keys()) if (index >= from) spec.routers.delete(index);
  }),
  fc.constant((spec: Spec) => {
    for (const [index, one] of first().routers) spec.routers.set(index, one);
  }),
  fc.tuple(fc.constantFrom("a", "b", "c", "gone"), service).map(
    ([name, one]) =>
      (spec: Spec) =>
        void spec.services.set(name, one),
  ),
  fc.constantFrom("a", "b", "c", "gone").map((name) => (spec: Spec) => void spec.services.delete(name)),
  fc
    .constantFrom("/1", "/2", `/${"x".repeat(140_000)}`)
    .map((prefix) => (spec: Spec) => void Object.assign(spec, { prefix })),
  fc.boolean().map((hasChain) => (spec: Spec) => void Object.assign(spec, { hasChain })),
  fc.tuple(fc.nat({ max: 9 }), manyOrFew).map(
    ([index, pods]) =>
      (spec: Spec) =>
        void spec.pods.set(index, pods),
  ),
  fc.nat({ max: 9 }).map((index) => (spec: Spec) => void spec.pods.delete(index)),
);

const tableOf = ({ routers, services, prefix, hasChain, pods }: Spec): Table => ({
  ...makeTable(
    [...routers]
      .sort(([a], [b]) => a - b)
      .map(([index, { rule, length, service, middlewares }]) =>
        makeRouter(`r${String(index).padStart(2, "0")}`, rule(index), {
          ruleText: "x".repeat(length),
          service,
          middlewares,
        }),
      ),
  ),
  services: Object.fromEntries(services),
  middlewares: {
    prefix: { type: "addPrefix", prefix },
    ...(hasChain ? { chain: { type: "chain", middlewares: ["prefix"] } } : {}),
  },
  endpoints: Object.fromEntries([...pods].map(([index, count]) => [`e${index}`, endpointsOf(count)])),
});

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
      edits: fc.array(edit, { maxLength: 3 }),
      base: fc.constantFrom("none", "the last", "the last", "the first"),
      /** Whether the table is made of the one before, at once or over another, or anew. */
      made: fc.constantFrom("of the last", "over another", "anew"),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), (steps) => {
        const planner = createPlanner({ hash: contentHash });
        const plans: Plan[] = [];
        const spec = first();
        let last = emptyTable();
        for (const { edits, base, made } of steps) {
          for (const change of edits) change(spec);
          const desired = tableOf(spec);
          const on = current(base === "none" ? undefined : base === "the last" ? plans.at(-1) : plans[0]);
          const detour = makeTable([makeRouter("r00", hostRule("detour.com"))]);
          const before = made === "over another" ? applyChanges(last, diffTables(last, detour)) : last;
          last = made === "anew" ? desired : applyChanges(before, diffTables(before, desired));
          const planned = planner.plan({ desired: last, publisher: "test", current: on });
          const fresh = plan({ desired, publisher: "test", current: on, hash: contentHash });
          expect(planned.rootHash).toBe(fresh.rootHash);
          expect(planned.root).toEqual(fresh.root);
          expect([...planned.writes]).toEqual([...fresh.writes]);
          expect(planned.stats).toEqual(fresh.stats);
          expect(planned.problems).toEqual(fresh.problems);
          plans.push(planned);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("splits and joins a host as the root before it did, though its routes are as they were", () => {
    const planner = createPlanner({ hash: contentHash });
    const full = first();
    const split = planner.plan({ desired: tableOf(full), publisher: "test" });
    const half = first();
    for (const index of [7, 8, 9, 10, 11, 12, 13]) half.routers.delete(index);
    const desired = tableOf(half);
    const still = planner.plan({ desired, publisher: "test", current: current(split) });
    const joined = planner.plan({ desired, publisher: "test" });
    const again = planner.plan({ desired, publisher: "test", current: current(split) });
    expect([split, still, joined, again].map(({ root }) => Object.keys(root.split))).toEqual([
      ["big.com"],
      ["big.com"],
      [],
      ["big.com"],
    ]);
    expect(again.rootHash).toBe(still.rootHash);
  });

  it("writes the parts of a router that is closed in parts alike, in whatever order its hosts came", () => {
    const rule: Rule = { type: "or", rules: manyHosts.map((host) => hostRule(host, `/${"x".repeat(99)}`)) };
    const desired = makeTable([makeRouter("huge", rule)]);
    const planner = createPlanner({ hash: contentHash });
    const reversed = manyHosts.toReversed().map((host) => makeRouter(host, hostRule(host)));
    planner.plan({ desired: makeTable(reversed), publisher: "test" });
    const planned = planner.plan({ desired: makeTable([...reversed, makeRouter("huge", rule)]), publisher: "test" });
    expect(planned.problems).toMatchObject([{ router: "huge", isClosed: true }]);
    const again = planner.plan({ desired, publisher: "test" });
    expect(again.rootHash).toBe(plan({ desired, publisher: "test", hash: contentHash }).rootHash);
  });

  it("begins anew after a plan that ended half way", () => {
    let isBroken = true;
    const broken = Object.defineProperty(makeRouter("b", hostRule("b.com")), "ruleText", {
      enumerable: true,
      get() {
        if (isBroken) throw new Error("no memory");
        return "";
      },
    });
    const desired = makeTable([makeRouter("a", hostRule("a.com")), broken, makeRouter("c", hostRule("c.com"))]);
    const planner = createPlanner({ hash: contentHash });
    planner.plan({ desired: makeTable([makeRouter("a", hostRule("a.com"))]), publisher: "test" });
    expect(() => planner.plan({ desired, publisher: "test" })).toThrow("no memory");
    isBroken = false;
    const planned = planner.plan({ desired, publisher: "test" });
    expect([...planned.writes]).toEqual([...plan({ desired, publisher: "test", hash: contentHash }).writes]);
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
    });
    expect(hashed).toHaveLength(2);
    expect([...next.writes.keys()]).toEqual([
      ...leafKeys(findEndpointBucket(next.root, "app-7")),
      `root/${next.rootHash}`,
    ]);
  });
});
