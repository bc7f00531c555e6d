import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareRouters } from "../../src/router/compare-routers.ts";
import { matchRoute } from "../../src/router/match-route.ts";
import { buildRouteIndex } from "../../src/router/route-index.ts";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import type { RequestFacts } from "../../src/rule/request-facts.ts";
import { ruleKeys } from "../../src/rule/rule-keys.ts";
import type { Router } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import { anyFacts, anyRule } from "../rule/arbitrary-rule.ts";

const web = { entryPoint: "web", tls: false };

const router = (fields: Partial<Router> & { name: string; rule: Rule }): Router => ({
  entryPoints: ["web"],
  tls: false,
  ruleText: "",
  priority: 1,
  tieBreaker: fields.name,
  middlewares: [],
  service: "s",
  ...fields,
});

const parse = (text: string): Rule => {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.rule;
};

/** A table of rules named by their own text, with Traefik's default priority. */
const indexOf = (...texts: string[]) =>
  buildRouteIndex(
    texts.map((text) => ({ router: router({ name: text, rule: parse(text), priority: text.length }), value: text })),
  );

const factsOf = (host: string, routingPath: string, method = "GET"): RequestFacts =>
  createRequestFacts({ host, routingPath, method, headers: new Headers(), query: "", clientAddress: "10.0.0.1" });

describe("matchRoute", () => {
  const texts = [
    "Host(`a.com`)",
    "Host(`a.com`) && PathPrefix(`/api`)",
    "Host(`a.com`) && PathPrefix(`/api/v1`)",
    "Host(`a.com`) && Path(`/api/v1/exact`)",
    "Host(`*.a.com`)",
    "HostRegexp(`^z`)",
    "PathPrefix(`/health`)",
    "Host(`b.com`) && PathPrefix(`/`) && Method(`POST`)",
  ];
  const index = indexOf(...texts);

  it.each([
    ["a.com", "/", texts[0]],
    ["A.com:80", "/apple", texts[0]],
    ["a.com.", "/api", texts[1]],
    ["a.com", "/api/v2", texts[1]],
    ["a.com", "/api/v1/x", texts[2]],
    ["a.com", "/api/v1/exact", texts[3]],
    ["a.com", "/api/v1/exact/", texts[2]],
    ["x.a.com", "/health", texts[6]],
    ["x.a.com", "/", texts[4]],
    ["y.x.a.com", "/", undefined],
    ["zed", "/", texts[5]],
    ["b.com", "/", undefined],
    ["", "/healthy", texts[6]],
    ["unknown", "/", undefined],
  ])("%s%s is served by %s", (host, path, expected) => {
    expect(matchRoute([index], web, factsOf(host, path))).toBe(expected);
  });

  it.each([
    ["x.a.com", "deep"],
    ["y.x.a.com", "deep"],
    ["x.a.com.", "deep"],
    ["a.com", undefined],
    ["xa.com", undefined],
  ])("a wildcard of any number of labels: %s is served by %s", (host, expected) => {
    const rule: Rule = { type: "hostWildcard", suffix: "a.com", deep: true };
    const index = buildRouteIndex([{ router: router({ name: "deep", rule }), value: "deep" }]);
    expect(matchRoute([index], web, factsOf(host, "/"))).toBe(expected);
  });

  it("looks at every index, whichever the order", () => {
    const [broad, narrow] = [indexOf("PathPrefix(`/a`)"), indexOf("Host(`a.com`) && PathPrefix(`/a`)")];
    const expected = "Host(`a.com`) && PathPrefix(`/a`)";
    expect(matchRoute([broad, narrow], web, factsOf("a.com", "/a"))).toBe(expected);
    expect(matchRoute([narrow, broad], web, factsOf("a.com", "/a"))).toBe(expected);
    expect(matchRoute([], web, factsOf("a.com", "/a"))).toBeUndefined();
  });

  it("keeps listeners apart", () => {
    const at = (name: string, entryPoints: string[], tls: boolean) => ({
      router: router({ name, entryPoints, tls, rule: { type: "any" } }),
      value: name,
    });
    const apart = buildRouteIndex([
      at("plain", ["web", "web"], false),
      at("secure", ["web", "websecure"], true),
      at("none", [], false),
    ]);
    const facts = factsOf("a.com", "/");
    expect(matchRoute([apart], { entryPoint: "web", tls: false }, facts)).toBe("plain");
    expect(matchRoute([apart], { entryPoint: "web", tls: true }, facts)).toBe("secure");
    expect(matchRoute([apart], { entryPoint: "websecure", tls: true }, facts)).toBe("secure");
    expect(matchRoute([apart], { entryPoint: "websecure", tls: false }, facts)).toBeUndefined();
    expect(matchRoute([apart], { entryPoint: "other", tls: false }, facts)).toBeUndefined();
  });

  it("decides equal priorities by the tie breaker, wherever the routers stand", () => {
    const tied = (tieBreaker: string, rule: Rule) => ({
      router: router({ name: tieBreaker, rule, tieBreaker }),
      value: tieBreaker,
    });
    const b = tied("b", parse("Host(`a.com`)"));
    const a = tied("a", parse("PathPrefix(`/`)"));
    expect(matchRoute([buildRouteIndex([b, a])], web, factsOf("a.com", "/"))).toBe("a");
    expect(matchRoute([buildRouteIndex([b]), buildRouteIndex([a])], web, factsOf("a.com", "/"))).toBe("a");
  });

  it("finds what stands above in a long chain of prefixes", () => {
    const chain = Array.from({ length: 300 }, (_, depth) => `PathPrefix(\`/${"a".repeat(depth)}\`)`);
    const chained = indexOf(...chain);
    expect(matchRoute([chained], web, factsOf("", `/${"a".repeat(120)}b`))).toBe(chain[120]);
    expect(matchRoute([chained], web, factsOf("", "/b"))).toBe(chain[0]);
    expect(matchRoute([chained], web, factsOf("", `/${"a".repeat(500)}`))).toBe(chain[299]);
  });

  it("finds the longest of many literals, of few lengths or of many", () => {
    const drawn = fc.constantFrom(8, 60).chain((maxLength) => {
      const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength });
      return fc.record({
        literals: fc.uniqueArray(letters, { minLength: 20, maxLength: 60 }),
        others: fc.array(letters, { minLength: 10 }),
      });
    });
    fc.assert(
      fc.property(drawn, ({ literals, others }) => {
        const all = literals.map((text) => `/${text}`);
        const index = indexOf(...all.map((literal) => `PathPrefix(\`${literal}\`)`));
        for (const path of [...literals, ...others].flatMap((text) => [`/${text}`, `/${text}ab`])) {
          const [longest] = all.filter((literal) => path.startsWith(literal)).sort((a, b) => b.length - a.length);
          const expected = longest === undefined ? undefined : `PathPrefix(\`${longest}\`)`;
          expect(matchRoute([index], web, factsOf("", path))).toBe(expected);
        }
      }),
    );
  });

  it("equals a scan over all routers", () => {
    const drawn = fc.record({
      rule: anyRule,
      priority: fc.integer({ min: -2, max: 3 }),
      tls: fc.boolean(),
      entryPoints: fc.subarray(["web", "websecure"]),
      /** In which leaves the router stands. */
      leaves: fc.subarray([0, 1, 2], { minLength: 1 }),
    });
    const listener = fc.record({ entryPoint: fc.constantFrom("web", "websecure"), tls: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(drawn, { maxLength: 12 }),
        fc.array(fc.tuple(listener, anyFacts), { minLength: 10 }),
        (table, requests) => {
          const routers = table.map(({ leaves, ...fields }, index) => ({
            leaves,
            entry: { router: router({ name: `r${index}`, ...fields }), value: `r${index}` },
          }));
          const indexes = [0, 1, 2].map((leaf) =>
            buildRouteIndex(routers.filter(({ leaves }) => leaves.includes(leaf)).map(({ entry }) => entry)),
          );
          const sorted = routers.map(({ entry }) => entry.router).sort(compareRouters);
          for (const [{ entryPoint, tls }, facts] of requests) {
            const expected = sorted.find(
              (one) => one.tls === tls && one.entryPoints.includes(entryPoint) && compileRule(one.rule)(facts),
            );
            expect(matchRoute(indexes, { entryPoint, tls }, facts)).toBe(expected?.name);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("buildRouteIndex", () => {
  it("leaves out what contradicts itself", () => {
    const rule = parse("Host(`a.com`) && Host(`b.com`)");
    expect(ruleKeys(rule)).toEqual([]);
    const index = buildRouteIndex([{ router: router({ name: "r", rule }), value: "r" }]);
    expect(matchRoute([index], web, factsOf("a.com", "/"))).toBeUndefined();
  });
});

describe("compareRouters", () => {
  it.each([
    [{ priority: 2, tieBreaker: "b" }, { priority: 1, tieBreaker: "a" }, -1],
    [{ priority: -1, tieBreaker: "a" }, { priority: 0, tieBreaker: "b" }, 1],
    [{ priority: 1, tieBreaker: "a" }, { priority: 1, tieBreaker: "b" }, -1],
    [{ priority: 1, tieBreaker: "b" }, { priority: 1, tieBreaker: "a" }, 1],
    [{ priority: 1, tieBreaker: "a" }, { priority: 1, tieBreaker: "a" }, 0],
    // The default Ingress backend, and Traefik's highest.
    [{ priority: -2147483648, tieBreaker: "a" }, { priority: Number.MAX_SAFE_INTEGER, tieBreaker: "a" }, 1],
  ])("of %j and %j is %i", (a, b, expected) => {
    expect(compareRouters(a, b)).toBe(expected);
  });
});
