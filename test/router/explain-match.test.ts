import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Check, explainMatch } from "../../src/router/explain-match.ts";
import { matchRoute } from "../../src/router/match-route.ts";
import { buildRouteIndex } from "../../src/router/route-index.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import type { Router } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import { anyFacts, anyRule } from "../rule/arbitrary-rule.ts";

function routerOf(rule: string | Rule, rest: Partial<Router> = {}): Router {
  const parsed = typeof rule === "string" ? parseRule(rule, "v3") : { rule };
  if ("error" in parsed) throw new Error(parsed.error.message);
  const ruleText = typeof rule === "string" ? rule : JSON.stringify(rule);
  return {
    name: ruleText,
    entryPoints: ["web"],
    tls: false,
    rule: parsed.rule,
    ruleText,
    priority: ruleText.length,
    tieBreaker: ruleText,
    middlewares: [],
    service: "s",
    ...rest,
  };
}

const web = { entryPoint: "web", tls: false };
const facts = createRequestFacts({
  host: "A.com:8080",
  routingPath: "/api/x",
  method: "GET",
  headers: new Headers({ "x-tenant": "blue" }),
  query: "?k=1&k=2",
  clientAddress: "10.0.0.1",
});

const leaves = (check: Check): [ok: boolean, value: string | null][] =>
  check.type === "matcher" ? [[check.ok, check.value]] : check.checks.flatMap(leaves);

describe("explainMatch", () => {
  it("names the winner with what the request has for each matcher", () => {
    const text =
      "Host(`a.com`) && PathPrefix(`/api`) && Method(`GET`) && Header(`X-Tenant`, `blue`) && Query(`k`, `2`) && !Query(`z`) && ClientIP(`10.0.0.0/8`)";
    const { winner, candidates } = explainMatch([routerOf(text)], web, facts);
    expect(winner?.router.ruleText).toBe(text);
    expect(winner?.lost).toBeUndefined();
    expect(winner && leaves(winner.checks)).toEqual([
      [true, "a.com"],
      [true, "/api/x"],
      [true, "GET"],
      [true, "blue"],
      [true, "1, 2"],
      [false, null],
      [true, "10.0.0.1"],
    ]);
    expect(candidates).toEqual([]);
  });

  it("tests what stands behind a part that fails, too", () => {
    const { candidates } = explainMatch([routerOf("Method(`POST`) && Host(`a.com`) || Path(`/`)")], web, facts);
    expect(candidates.map(({ checks }) => leaves(checks))).toEqual([
      [
        [false, "GET"],
        [true, "a.com"],
        [false, "/api/x"],
      ],
    ]);
  });

  it("lists the others by how close they came, and says what each lost by", () => {
    const winner = routerOf("Host(`a.com`)", { name: "winner", priority: 5, tieBreaker: "1" });
    const others = [
      routerOf("Path(`/other`)", { name: "nothing in common" }),
      routerOf("Host(`b.com`) && PathPrefix(`/`)", { name: "a path that everything has" }),
      routerOf("Host(`b.com`) && PathPrefix(`/api`)", { name: "its path elsewhere", entryPoints: ["other"] }),
      routerOf("Host(`b.com`) && PathPrefix(`/api`)", { name: "its path" }),
      routerOf("Host(`a.com`) && Path(`/other`)", { name: "its host elsewhere", tls: true }),
      routerOf("Host(`a.com`) && Path(`/other`)", { name: "its host" }),
      routerOf("Host(`a.com`)", { name: "tls", priority: 9, tls: true }),
      routerOf("Host(`a.com`)", { name: "tie", priority: 5, tieBreaker: "2" }),
      routerOf("PathPrefix(`/`)", { name: "priority", priority: 1 }),
    ];
    const explained = explainMatch([...others, winner], web, facts);
    expect(explained.winner?.router).toBe(winner);
    expect(explained.candidates.map(({ router, matched, lost }) => [router.name, matched, lost?.reason])).toEqual([
      ["tie", true, "tie"],
      ["priority", true, "priority"],
      ["tls", true, "listener"],
      ["its host", false, "rule"],
      ["its host elsewhere", false, "rule"],
      ["its path", false, "rule"],
      ["its path elsewhere", false, "rule"],
    ]);
    expect(explained.candidates[0]?.lost).toEqual({ reason: "tie", to: winner });
  });

  it("has no winner where no router stands on the listener", () => {
    const { winner, candidates } = explainMatch([routerOf("Host(`a.com`)", { tls: true })], web, facts);
    expect(winner).toBeUndefined();
    expect(candidates.map(({ matched, lost }) => [matched, lost])).toEqual([[true, { reason: "listener" }]]);
  });

  it("agrees with the edge on the winner", () => {
    const rules = fc.array(fc.record({ rule: anyRule, priority: fc.integer({ min: 1, max: 3 }), tls: fc.boolean() }));
    fc.assert(
      fc.property(rules, anyFacts, (all, request) => {
        const routers = all.map(({ rule, ...rest }, index) =>
          routerOf(rule, { name: `${index}`, tieBreaker: `${index}`, ...rest }),
        );
        const index = buildRouteIndex(routers.map((router) => ({ router, value: router })));
        expect(explainMatch(routers, web, request).winner?.router).toBe(matchRoute([index], web, request));
      }),
    );
  });
});
