import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findUnreachable } from "../../src/router/find-unreachable.ts";
import { matchRoute } from "../../src/router/match-route.ts";
import { buildRouteIndex } from "../../src/router/route-index.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import type { Router } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import { anyFacts, anyRule } from "../rule/arbitrary-rule.ts";

const ruleOf = (text: string): Rule => {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(`${text}: ${parsed.error.message}`);
  return parsed.rule;
};

function routerOf(rule: string | Rule, rest: Partial<Router> = {}): Router {
  const ruleText = typeof rule === "string" ? rule : JSON.stringify(rule);
  return {
    name: ruleText,
    entryPoints: ["web"],
    tls: false,
    rule: typeof rule === "string" ? ruleOf(rule) : rule,
    ruleText,
    priority: 1,
    tieBreaker: ruleText,
    middlewares: [],
    service: "s",
    ...rest,
  };
}

/** What shadows the second router when the first one comes before it. */
function shadows(first: string | Rule, second: string | Rule): boolean {
  const [above, below] = [routerOf(first, { name: "above", priority: 2 }), routerOf(second, { name: "below" })];
  return findUnreachable([below, above]).some(({ router }) => router === below);
}

/** Clients that a cookie puts among the first so many of a hundred. */
const share = (percent: number, cookie: string): Rule => ({ type: "percent", percent, cookie });

describe("one router covers another", () => {
  it.each([
    ["Host(`a.com`)", "Host(`a.com`)"],
    ["Host(`a.com`)", "Host(`a.com`) && Path(`/a`)"],
    ["Host(`*`)", "Host(`a.com`)"],
    ["PathPrefix(`/`)", "Host(`a.com`) && Method(`GET`)"],
    ["Host(`*.com`)", "Host(`a.com`)"],
    ["HostRegexp(`^.+\\.com$|^.+\\.com\\.$`)", "Host(`a.com`)"],
    ["PathPrefix(`/a`)", "Host(`a.com`) && PathPrefix(`/a/b`)"],
    ["PathPrefix(`/a`)", "Path(`/ab`)"],
    ["PathRegexp(`^/a`)", "Path(`/ab`)"],
    ["PathRegexp(`^/a`)", "PathRegexp(`^/a`) && Host(`b.com`)"],
    ["Host(`a.com`) || Host(`b.com`)", "Host(`b.com`)"],
    ["Host(`a.com`) || Host(`b.com`)", "(Host(`b.com`) || Host(`a.com`)) && Path(`/`)"],
    ["Host(`a.com`) && Path(`/`) || Host(`b.com`)", "Host(`a.com`) && Path(`/`)"],
    ["Host(`a.com`) && !Path(`/x`)", "Host(`a.com`) && Path(`/y`)"],
    ["Host(`a.com`) && !Path(`/x`)", "Host(`a.com`) && !PathPrefix(`/x`)"],
    ["!Method(`POST`)", "Method(`GET`)"],
    ["HeaderRegexp(`X-A`, `^v`)", "Header(`x-a`, `v1`)"],
    ["Header(`X-A`, `v`)", "Header(`x-a`, `v`) && Query(`k`)"],
    ["QueryRegexp(`k`, `.*`)", "Query(`k`, `v`)"],
    ["ClientIP(`10.0.0.0/8`)", "ClientIP(`10.1.2.3`)"],
  ])("%s covers %s", (first, second) => expect(shadows(first, second)).toBe(true));

  // Too many alternatives to look into: only the same rule is known to cover it.
  const ten = (matcher: string) => Array.from({ length: 10 }, (_, index) => `${matcher}(\`/${index}\`)`).join(" || ");
  const many = `Host(\`a.com\`) && (((${ten("Path")}) && (${ten("PathPrefix")})) || Path(\`/z\`))`;
  it("covers itself, however long it is", () => {
    expect([shadows(many, many), shadows("Host(`a.com`)", many)]).toEqual([true, false]);
  });

  const segments = (path: string): Rule => ({ type: "pathPrefix", path, segments: true });
  const deep: Rule = { type: "hostWildcard", suffix: "a.com", deep: true };
  it.each<[Rule, Rule]>([
    [segments("/a"), segments("/a/b")],
    [segments("/a"), segments("/a/")],
    [segments("/"), ruleOf("Path(`/x`)")],
    [segments("/a"), ruleOf("PathPrefix(`/a/b`)")],
    [ruleOf("PathPrefix(`/a`)"), segments("/a")],
    [deep, ruleOf("Host(`*.x.a.com`)")],
    [deep, ruleOf("Host(`*.a.com`)")],
    [share(20, "c"), share(10, "c")],
    [share(20, "c"), share(20, "c")],
  ])("%j covers %j", (first, second) => expect(shadows(first, second)).toBe(true));
});

describe("one router leaves another some requests", () => {
  it.each([
    ["Host(`a.com`) && Path(`/a`)", "Host(`a.com`)"],
    ["Host(`a.com`)", "Host(`b.com`)"],
    ["Host(`*.com`)", "Host(`x.a.com`)"],
    ["Host(`a.com`)", "Host(`*`)"],
    ["Host(`a.com`)", "HostRegexp(`^a.com$`)"],
    // A request may end its host with a dot, which the expression does not take.
    ["HostRegexp(`^a\\.com$`)", "Host(`a.com`)"],
    ["Path(`/a`)", "PathPrefix(`/a`)"],
    ["PathPrefix(`/a/`)", "PathPrefix(`/a`)"],
    ["PathRegexp(`^/a`)", "PathPrefix(`/a`)"],
    ["Method(`GET`)", "Method(`POST`)"],
    ["Header(`X-A`, `v`)", "Header(`X-B`, `v`)"],
    ["Header(`X-A`, `v`)", "HeaderRegexp(`X-A`, `v`)"],
    ["!Header(`X-A`, `v`)", "Header(`X-A`, `w`)"],
    ["Query(`k`, `v`)", "Query(`k`, `w`)"],
    ["!Query(`k`, `v`)", "Query(`k`, `w`)"],
    ["ClientIP(`10.1.0.0/16`)", "ClientIP(`10.0.0.0/8`)"],
    ["!Path(`/a`)", "PathPrefix(`/a`)"],
    ["Host(`a.com`) && Path(`/`)", "(Host(`b.com`) || Host(`a.com`)) && Path(`/`)"],
  ])("%s leaves some to %s", (first, second) => expect(shadows(first, second)).toBe(false));

  const segments: Rule = { type: "pathPrefix", path: "/a", segments: true };
  it.each<[Rule, Rule]>([
    [segments, ruleOf("PathPrefix(`/a`)")],
    [ruleOf("Host(`*.a.com`)"), { type: "hostWildcard", suffix: "a.com", deep: true }],
    [ruleOf("Host(`*.a.com`)"), ruleOf("Host(`*.x.a.com`)")],
    [share(10, "c"), share(20, "c")],
    [share(20, "c"), share(10, "d")],
  ])("%j leaves some to %j", (first, second) => expect(shadows(first, second)).toBe(false));
});

describe("where routers stand", () => {
  const names = (routers: Router[]) =>
    findUnreachable(routers).map(({ router, shadowedBy }) => [router.name, shadowedBy.map(({ name }) => name)]);
  const rule = "Host(`a.com`)";

  it("goes by priority, then by the tie breaker", () => {
    expect(names([routerOf(rule, { name: "x" }), routerOf(rule, { name: "y", priority: 2 })])).toEqual([["x", ["y"]]]);
    const [x, y] = [routerOf(rule, { name: "x", tieBreaker: "2" }), routerOf(rule, { name: "y", tieBreaker: "1" })];
    expect(names([x, y])).toEqual([["x", ["y"]]]);
  });

  it("keeps entry points, and TLS and plain, apart", () => {
    const other = routerOf(rule, { name: "x", entryPoints: ["websecure"] });
    const secure = routerOf(rule, { name: "y", tls: true });
    expect(names([routerOf(rule, { priority: 9 }), other, secure])).toEqual([]);
  });

  it("asks for a cover on each entry point", () => {
    const both = { name: "x", entryPoints: ["web", "websecure"] };
    const web = routerOf("Host(`*`)", { name: "web", priority: 9 });
    expect(names([web, routerOf(rule, both)])).toEqual([]);
    const websecure = routerOf(rule, { name: "websecure", priority: 8, entryPoints: ["websecure"] });
    expect(names([web, websecure, routerOf(rule, both)])).toEqual([["x", ["web", "websecure"]]]);
    const all = routerOf("Host(`*`)", { name: "all", priority: 9, entryPoints: ["websecure", "web"] });
    expect(names([all, routerOf(rule, both)])).toEqual([["x", ["all"]]]);
  });

  it("counts a closed router, which answers 503", () => {
    const closed = routerOf(rule, { name: "closed", priority: 2, closedBy: "middleware-not-found" });
    expect(names([closed, routerOf(rule, { name: "x" })])).toEqual([["x", ["closed"]]]);
  });

  it.each([
    "Host(`a.com`) && Host(`b.com`)",
    "Path(`/a`) && Path(`/b`)",
    "Host(`a.com`) && !Host(`a.com`)",
    "Host(`a.com`) && !Host(`*.com`)",
    "Method(`GET`) && Method(`POST`) && Host(`a.com`)",
    "(Path(`/a`) || Path(`/b`)) && Host(`a.com`) && !PathPrefix(`/`)",
  ])("names a rule that contradicts itself: %s", (text) => {
    expect(names([routerOf(text)])).toEqual([[text, []]]);
    expect(names([routerOf(rule), routerOf("Host(`b.com`)")])).toEqual([]);
  });

  // Some requests of the host end it with a dot, and the expression takes one of the two.
  it.each(["Host(`a.com`) && HostRegexp(`^a\\.com$`)", "HostRegexp(`^a\\.com\\.$`) && Host(`a.com`)"])(
    "knows a rule for which some requests are left: %s",
    (text) => expect(names([routerOf(text)])).toEqual([]),
  );
});

const routersOf = (rules: { rule: Rule; priority: number; entryPoints: string[] }[]): Router[] =>
  rules.map(({ rule, ...rest }, index) => routerOf(rule, { name: `${index}`, tieBreaker: `${index}`, ...rest }));

const place = {
  priority: fc.integer({ min: 1, max: 3 }),
  entryPoints: fc.subarray(["web", "websecure"], { minLength: 1 }),
};
/** Among any routers some that take less than another, which unrelated rules seldom do. */
const someRouters = fc
  .array(
    fc.oneof(
      fc.record({ rule: anyRule, ...place }).map((one) => [one]),
      fc.record({ rule: anyRule, extra: anyRule, ...place }).map(({ rule, extra, ...rest }) => [
        { rule, ...rest },
        { rule: { type: "and" as const, rules: [rule, extra] }, ...rest },
      ]),
    ),
    { maxLength: 4 },
  )
  .map((groups) => routersOf(groups.flat()));

describe("laws", () => {
  it("no request reaches a router that is said to be unreachable", () => {
    fc.assert(
      fc.property(someRouters, fc.array(anyFacts, { minLength: 20, maxLength: 20 }), (routers, requests) => {
        const unreachable = new Set(findUnreachable(routers).map(({ router }) => router));
        const index = buildRouteIndex(routers.map((router) => ({ router, value: router })));
        for (const facts of requests) {
          for (const entryPoint of ["web", "websecure"]) {
            const winner = matchRoute([index], { entryPoint, tls: false }, facts);
            expect(winner !== undefined && unreachable.has(winner)).toBe(false);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("a router that takes less than one before it is found", () => {
    fc.assert(
      fc.property(fc.constantFrom("a.com", "b.com"), fc.constantFrom("/a", "/a/b"), anyRule, (host, path, extra) => {
        const above: Rule = ruleOf(`Host(\`${host}\`) && PathPrefix(\`${path}\`)`);
        const hasFew = JSON.stringify(extra).length < 300;
        fc.pre(hasFew);
        expect(shadows(above, { type: "and", rules: [above, extra] })).toBe(true);
      }),
    );
  });

  it("looks at few of many routers", () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      routerOf(`PathPrefix(\`/\`) && Header(\`X-Tenant\`, \`${index}\`)`, { priority: 5000 - index }),
    );
    expect(findUnreachable(many)).toEqual([]);
    expect(findUnreachable([...many, routerOf("Header(`X-Tenant`, `7`) && Path(`/a`)", { priority: 0 })])).toHaveLength(
      1,
    );
  });
});
