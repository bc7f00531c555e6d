import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { utf8Length } from "../../src/snapshot/canonical-json.ts";
import { findEndpointBucket, findRouteBuckets, indexRoot } from "../../src/snapshot/find-buckets.ts";
import { leafKeys, MAX_LEAF_BYTES } from "../../src/snapshot/leaf-keys.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import { type Plan, plan } from "../../src/snapshot/plan.ts";
import type { Rule } from "../../src/table/rule.ts";
import { endpointLeafSchema, type RouteLeaf, routeLeafSchema } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeLoadBalancer, makeRouter, makeTable } from "./make-table.ts";

const planTable = (desired: Table, current?: Plan) =>
  plan({
    desired,
    publisher: "test",
    current: current && { hash: current.rootHash, root: current.root },
    hash: contentHash,
  });

const leavesOf = (planned: Plan, bucket: string): RouteLeaf[] =>
  leafKeys(bucket).map((key) => routeLeafSchema.parse(JSON.parse(planned.writes.get(key) ?? "")));

const findRouters = (planned: Plan, host: string, path: string): string[] =>
  findRouteBuckets(indexRoot(planned.root), host, path)
    .flatMap((bucket) => leavesOf(planned, bucket))
    .flatMap((leaf) => leaf.routers.map((router) => router.name));

const hosts = ["a.example.com", "b.example.com", "x.b.example.com", "example.com", "other.net", "constructor"];
const paths = ["/", "/a", "/a/b", "/ab", "/a/b/c", "/b", "/b/ü", "/c/d"];

const leafRule = fc.oneof(
  fc.constantFrom(...hosts).map((host): Rule => ({ type: "host", host })),
  fc.constantFrom(...paths).map((path): Rule => ({ type: "pathPrefix", path })),
  fc.constantFrom(...paths).map((path): Rule => ({ type: "path", path })),
  fc
    .tuple(fc.constantFrom("example.com", "b.example.com", "com"), fc.boolean())
    .map(([suffix, deep]): Rule => ({ type: "hostWildcard", suffix, deep })),
  fc.constant<Rule>({ type: "any" }),
  fc.constant<Rule>({ type: "hostRegexp", regexp: "^[a-b]\\." }),
);
const rule = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { depthSize: "small" },
    leafRule,
    fc.array(tie("rule"), { minLength: 1, maxLength: 3 }).map((rules): Rule => ({ type: "and", rules })),
    fc.array(tie("rule"), { minLength: 1, maxLength: 3 }).map((rules): Rule => ({ type: "or", rules })),
    tie("rule").map((child): Rule => ({ type: "not", rule: child })),
  ),
})).rule;

/** Tables whose routers are so long that a few of them fill a leaf. */
const table = fc
  .array(fc.tuple(rule, fc.integer({ min: 0, max: 40_000 })), { maxLength: 30 })
  .map((entries) =>
    makeTable(entries.map(([rule, size], index) => makeRouter(`r${index}`, rule, { ruleText: "x".repeat(size) }))),
  );

describe("plan", () => {
  it("lets a reader find every router that matches a request, in leaves that are not too large", () => {
    fc.assert(
      fc.property(table, (desired) => {
        const planned = planTable(desired);
        const matchers = desired.routers.map((router) => ({ name: router.name, matches: compileRule(router.rule) }));
        for (const host of hosts) {
          for (const path of [...paths, "/a/", "/a/b/x", "/zzz"]) {
            const facts = {
              host,
              path,
              method: "GET",
              header: () => null,
              query: () => [],
              clientAddress: "",
              country: () => "",
            };
            const found = new Set(findRouters(planned, host, path));
            for (const { name, matches } of matchers) if (matches(facts)) expect(found).toContain(name);
          }
        }
        for (const [key, text] of planned.writes) {
          if (key.startsWith("leaf/")) expect(utf8Length(text)).toBeLessThanOrEqual(MAX_LEAF_BYTES);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("gives equal tables equal roots whatever the order of their parts", () => {
    fc.assert(
      fc.property(table, fc.infiniteStream(fc.nat()), (desired, order) => {
        const shuffled = [...desired.routers].sort(() => ((order.next().value ?? 0) % 3) - 1);
        const reversed = Object.fromEntries(
          Object.entries(desired).map(([key, value]) => [
            key,
            Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).reverse()),
          ]),
        ) as unknown as Table;
        expect(planTable({ ...reversed, routers: shuffled }).rootHash).toBe(planTable(desired).rootHash);
      }),
      { numRuns: 30 },
    );
  });

  it("writes roots that a reader takes", () => {
    fc.assert(
      fc.property(table, (desired) => {
        const planned = planTable(desired);
        const text = planned.writes.get(`root/${planned.rootHash}`) ?? "";
        expect(parseRoot(text)).toEqual({ ok: true, root: planned.root, unread: [] });
      }),
      { numRuns: 20 },
    );
  });

  it("writes nothing when nothing changed, and keeps the root", () => {
    const desired = makeTable([makeRouter("r", hostRule("a.example.com"))]);
    const first = planTable(desired);
    const second = planTable(structuredClone(desired), first);
    expect(second.writes.size).toBe(0);
    expect(second.rootHash).toBe(first.rootHash);
    expect(first.writes.size).toBeGreaterThan(0);
  });

  it("writes one endpoint leaf and the root when one Pod changes", () => {
    const services = Array.from({ length: 500 }, (_, index) => `app-${index}`);
    const desired: Table = {
      ...makeTable(services.map((name) => makeRouter(name, hostRule(`${name}.example.com`), { service: name }))),
      services: Object.fromEntries(services.map((name) => [name, makeLoadBalancer(name)])),
      endpoints: Object.fromEntries(
        services.map((name) => [name, { endpoints: [{ address: "10.0.0.1", port: 80, state: "ready" as const }] }]),
      ),
    };
    const first = planTable(desired);
    const changed = structuredClone(desired);
    changed.endpoints["app-7"]?.endpoints.push({ address: "10.0.0.2", port: 80, state: "ready" });
    const second = planTable(changed, first);
    const bucket = findEndpointBucket(second.root, "app-7");
    expect([...second.writes.keys()]).toEqual([...leafKeys(bucket), `root/${second.rootHash}`]);
    expect(second.root.predecessor).toBe(first.rootHash);
    const leaf = endpointLeafSchema.parse(JSON.parse(second.writes.get(leafKeys(bucket)[0] ?? "") ?? ""));
    expect(leaf.endpoints["app-7"]?.endpoints).toHaveLength(2);
  });

  it("puts everything that a router refers to into its leaf, over any number of steps and around cycles", () => {
    const planned = planTable({
      ...makeTable([makeRouter("r", hostRule("a.example.com"), { service: "split", middlewares: ["all"] })]),
      services: {
        split: {
          type: "weighted",
          children: [
            { service: "mirror", weight: 1 },
            { service: "gone", weight: 1 },
          ],
        },
        mirror: {
          type: "mirroring",
          service: "over",
          mirrorBody: true,
          maxBodySize: -1,
          mirrors: [{ service: "app", percent: 5 }],
        },
        over: { type: "failover", service: "guarded", fallback: "split" },
        guarded: { type: "filtered", middlewares: ["inner"], service: "teapot" },
        teapot: { type: "status", status: 418 },
        app: makeLoadBalancer("app"),
        unrelated: makeLoadBalancer("unrelated"),
      },
      middlewares: {
        all: { type: "chain", middlewares: ["prefix", "all"] },
        prefix: { type: "addPrefix", prefix: "/x" },
        inner: { type: "addPrefix", prefix: "/y" },
        unrelated: { type: "addPrefix", prefix: "/z" },
      },
    });
    const [leaf] = findRouteBuckets(indexRoot(planned.root), "a.example.com", "/").flatMap((bucket) =>
      leavesOf(planned, bucket),
    );
    expect(Object.keys(leaf?.services ?? {})).toEqual(["app", "guarded", "mirror", "over", "split", "teapot"]);
    expect(Object.keys(leaf?.middlewares ?? {})).toEqual(["all", "inner", "prefix"]);
  });

  it("splits a host with very many routes by path, and an added route moves no far range", () => {
    const makeRouters = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        makeRouter(`r${index}`, hostRule("big.example.com", `/team-${index % 50}/app-${index}`), {
          ruleText: "x".repeat(300),
        }),
      );
    const first = planTable(makeTable([...makeRouters(3000), makeRouter("all", hostRule("big.example.com"))]));
    const split = first.root.split["big.example.com"];
    expect(split?.from.length).toBeGreaterThan(10);
    expect(findRouters(first, "big.example.com", "/team-7/app-7")).toContain("r7");
    expect(findRouters(first, "big.example.com", "/none")).toContain("all");

    const second = planTable(
      makeTable([
        ...makeRouters(3000),
        makeRouter("all", hostRule("big.example.com")),
        makeRouter("new", hostRule("big.example.com", "/team-7/new")),
      ]),
      first,
    );
    expect(second.writes.size).toBeLessThanOrEqual(4);
  });

  it.each([
    ["paths that differ only far behind", () => "a.com", (index: number) => `/${"x".repeat(20_000)}${index}`],
    ["a host that no DNS has", () => "a.".repeat(10_000), (index: number) => `/${index}`],
  ])("keeps %s out of the root, which everybody reads", (_, hostOf, pathOf) => {
    const rules = Array.from({ length: 40 }, (_, index) => hostRule(hostOf(), pathOf(index)));
    const planned = planTable(
      makeTable(rules.map((rule, index) => makeRouter(`r${index}`, rule, { ruleText: "x".repeat(4_000) }))),
    );
    expect(planned.stats.rootBytes).toBeLessThan(4_000);
    for (const index of rules.keys()) expect(findRouters(planned, hostOf(), pathOf(index))).toContain(`r${index}`);
  });

  it("lists the label counts of wildcards", () => {
    const planned = planTable(
      makeTable([
        makeRouter("a", { type: "hostWildcard", suffix: "example.com" }),
        makeRouter("b", { type: "hostWildcard", suffix: "a.b.example.com", deep: true }),
      ]),
    );
    expect(planned.root.wildcardLabels).toEqual([2, 4]);
    expect(findRouters(planned, "x.example.com", "/")).toContain("a");
    expect(findRouters(planned, "x.y.a.b.example.com", "/")).toContain("b");
  });

  it("never writes servers' transports", () => {
    const planned = planTable({
      ...makeTable([makeRouter("r", hostRule("a.example.com"))]),
      serversTransports: { tls: { certificates: [{ certificate: "PUBLIC", key: "PRIVATE" }] } },
    });
    expect([...planned.writes.values()].join()).not.toContain("PRIVATE");
  });
});

describe("plan with what no leaf can hold", () => {
  const huge = "x".repeat(MAX_LEAF_BYTES);
  const anyOf = (count: number, alternative: (index: number) => Rule): Rule => ({
    type: "or",
    rules: Array.from({ length: count }, (_, index) => alternative(index)),
  });
  /** Whom a request finds, of those that it could, the closed ones in brackets. */
  const whoMatches = (planned: Plan, host: string, path: string): string[] => {
    const facts = {
      host,
      path,
      method: "GET",
      header: () => null,
      query: () => [],
      clientAddress: "",
      country: () => "",
    };
    return findRouteBuckets(indexRoot(planned.root), host, path)
      .flatMap((bucket) => leavesOf(planned, bucket))
      .flatMap((leaf) => leaf.routers)
      .filter((router) => compileRule(router.rule)(facts))
      .map(({ name, closedBy }) => (closedBy === undefined ? name : `[${name}]`));
  };

  it("closes a router whose text is too large, and shows the beginning of it", () => {
    const planned = planTable(
      makeTable([
        makeRouter("huge", hostRule("a.example.com"), { ruleText: "ü".repeat(MAX_LEAF_BYTES / 2) }),
        makeRouter("fine", hostRule("a.example.com")),
      ]),
    );
    expect(planned.problems).toMatchObject([{ router: "huge", isClosed: true, isWidened: false }]);
    expect(whoMatches(planned, "a.example.com", "/")).toEqual(["fine", "[huge]"]);
    expect([...planned.writes.values()].join()).toContain(`"ruleText":"${"ü".repeat(1_000)}…"`);
  });

  it("closes a router whose rule is too large for each of its hosts, and for nobody else's", () => {
    const rule = anyOf(5_000, (index) => hostRule(`h${index}.example.com`, "/admin"));
    const planned = planTable(
      makeTable([makeRouter("huge", rule, { priority: 9 }), makeRouter("lower", { type: "any" })]),
    );
    expect(planned.problems).toMatchObject([{ router: "huge", isClosed: true, isWidened: false }]);
    for (const host of ["h0.example.com", "h2500.example.com", "h4999.example.com"]) {
      expect(new Set(whoMatches(planned, host, "/admin"))).toEqual(new Set(["lower", "[huge]"]));
      expect(whoMatches(planned, host, "/")).toEqual(["lower"]);
    }
    expect(whoMatches(planned, "h5000.example.com", "/admin")).toEqual(["lower"]);
    // Each is sharded by its own hosts: all that other hosts read of them is what shares their bucket.
    expect(planned.stats.largestLeafBytes).toBeLessThan(64 * 1024);
    expect(findRouters(planned, "other.net", "/").length).toBeLessThan(60);
  });

  it("closes all of the hosts that a router names when nothing smaller can be told of it", () => {
    const rule: Rule = { type: "and", rules: [{ type: "headerRegexp", name: "x", regexp: huge }, hostRule("a.com")] };
    const planned = planTable(
      makeTable([makeRouter("huge", rule, { priority: 9 }), makeRouter("lower", { type: "any" })]),
    );
    expect(planned.problems).toMatchObject([{ router: "huge", isClosed: true, isWidened: true }]);
    expect(new Set(whoMatches(planned, "a.com", "/any"))).toEqual(new Set(["lower", "[huge]"]));
    expect(whoMatches(planned, "b.com", "/any")).toEqual(["lower"]);
  });

  it.each<[string, Rule]>([
    ["one value", { type: "pathPrefix", path: `/${huge}` }],
    ["one value among others", anyOf(2, (index) => ({ type: "pathRegexp", regexp: huge.slice(index) }))],
    [
      "one value beside what says nothing of hosts",
      {
        type: "and",
        rules: [
          { type: "pathPrefix", path: "/admin" },
          { type: "headerRegexp", name: "x", regexp: huge },
        ],
      },
    ],
    ["what it is not", { type: "not", rule: anyOf(5_000, (index) => hostRule(`h${index}.example.com`)) }],
  ])("leaves out a router of which nothing smaller can be told without others' hosts: %s", (_, rule) => {
    const planned = planTable(
      makeTable([makeRouter("huge", rule), makeRouter("fine", hostRule("a.example.com", "/admin"))]),
    );
    expect(planned.problems).toMatchObject([{ router: "huge", isClosed: false, isWidened: false }]);
    expect(whoMatches(planned, "a.example.com", "/admin")).toEqual(["fine"]);
  });

  it("closes a router that fits only without what it refers to, so that no lower one takes its requests", () => {
    const guard = { type: "ipAllowList" as const, sourceRange: ["x".repeat(MAX_LEAF_BYTES)], rejectStatusCode: 403 };
    const admin = makeRouter("admin", hostRule("a.example.com"), { middlewares: ["guard"], priority: 100 });
    const routers = [admin, makeRouter("lower", hostRule("a.example.com"))];
    const guarded = { ...makeTable(routers), middlewares: { guard } };
    const planned = planTable(guarded);
    expect(planned.problems).toMatchObject([{ code: "router-too-large", router: "admin", isClosed: true }]);
    const leaves = findRouteBuckets(indexRoot(planned.root), "a.example.com", "/").flatMap((bucket) =>
      leavesOf(planned, bucket),
    );
    expect(leaves.flatMap((leaf) => leaf.routers)).toContainEqual({ ...admin, closedBy: "router-too-large" });
    expect(leaves.flatMap((leaf) => Object.keys(leaf.middlewares))).toEqual([]);
  });

  it("keeps as many endpoints as fit, ready ones first", () => {
    const endpoints = Array.from({ length: 5000 }, (_, index) => ({
      address: `10.0.${index >> 8}.${index & 255}`,
      port: 80,
      state: index % 2 === 0 ? ("terminating" as const) : ("ready" as const),
    }));
    const planned = planTable({ ...makeTable([]), endpoints: { many: { endpoints } } });
    expect(planned.problems).toEqual([{ code: "endpoints-cut", endpoints: "many" }]);
    const [key] = leafKeys(findEndpointBucket(planned.root, "many"));
    const kept = endpointLeafSchema.parse(JSON.parse(planned.writes.get(key ?? "") ?? "")).endpoints.many?.endpoints;
    expect(kept?.length).toBeGreaterThan(1000);
    expect(kept?.every((endpoint) => endpoint.state === "ready")).toBe(true);
  });
});
