import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contradictedBelow } from "../../cli/check/contradicted-below.ts";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { ChildRouter } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { Table } from "../../src/table/table.ts";
import { anyFacts, anyRule } from "../rule/arbitrary-rule.ts";

const middlewares: Record<string, Middleware> = {
  strip: { type: "stripPrefix", prefixes: ["/api"] },
  type: { type: "contentType", autoDetect: true },
  both: { type: "chain", middlewares: ["type", "strip"] },
  harmless: { type: "chain", middlewares: ["type"] },
  circle: { type: "chain", middlewares: ["circle"] },
};

interface Node {
  rule: string | Rule;
  uses?: string[];
  below?: Node[];
}

const ruleOf = (text: string): Rule => {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(`${text}: ${parsed.error.message}`);
  return parsed.rule;
};

/** The table of a forest of routes. */
function tableOf(roots: Node[]): Table {
  const services: Table["services"] = {};
  let count = 0;
  const build = ({ rule, uses = [], below = [] }: Node): ChildRouter => {
    count += 1;
    const service = below.length === 0 ? "app" : `level ${count}`;
    if (below.length > 0) services[service] = { type: "routers", routers: below.map(build) };
    const ruleText = typeof rule === "string" ? rule : JSON.stringify(rule);
    const tree = typeof rule === "string" ? ruleOf(rule) : rule;
    const tieBreaker = `${count}`;
    return { name: ruleText, rule: tree, ruleText, priority: 1, tieBreaker, middlewares: uses, service };
  };
  const routers = roots.map((root) => ({ ...build(root), entryPoints: ["web"], tls: false }));
  return { ...emptyTable(), routers, services, middlewares };
}

const found = (...roots: Node[]): string[] => contradictedBelow(tableOf(roots)).map(({ router }) => router.ruleText);
const two = (above: string, below: string, uses: string[] = []): string[] =>
  found({ rule: above, uses, below: [{ rule: below }] });

describe("a rule contradicts those above it", () => {
  it.each([
    ["Host(`a.com`)", "Host(`b.com`)", []],
    ["Host(`a.com`)", "Host(`b.com`) || Host(`c.com`)", []],
    ["Host(`a.com`)", "!Host(`a.com`)", []],
    ["!Host(`a.com`)", "Host(`a.com`)", []],
    ["Host(`*.com`)", "Host(`a.net`)", []],
    ["Host(`a.com`)", "Host(`b.com`)", ["strip"]],
    ["ClientIP(`10.0.0.1`)", "ClientIP(`10.0.0.2`)", ["strip"]],
    ["PathPrefix(`/api`)", "PathPrefix(`/users`)", []],
    ["PathPrefix(`/api`)", "PathPrefix(`/users`)", ["type"]],
    ["PathPrefix(`/api`)", "PathPrefix(`/users`)", ["harmless"]],
    ["Method(`GET`)", "Method(`POST`)", []],
  ])("%s above %s", (above, below, uses) => {
    expect(two(above, below, uses)).toEqual([below]);
  });

  it("two levels above", () => {
    const below = [{ rule: "Host(`b.com`)" }];
    expect(found({ rule: "Host(`a.com`)", below: [{ rule: "PathPrefix(`/`)", uses: ["strip"], below }] })).toEqual([
      "Host(`b.com`)",
    ]);
  });
});

describe("a rule may match what comes down", () => {
  it.each([
    ["Host(`a.com`)", "PathPrefix(`/`)", []],
    ["Host(`a.com`) || Host(`b.com`)", "Host(`b.com`)", []],
    ["Host(`a.com`)", "Host(`b.com`) || PathPrefix(`/b`)", []],
    ["PathPrefix(`/api`)", "PathPrefix(`/users`)", ["strip"]],
    ["PathPrefix(`/api`)", "PathPrefix(`/users`)", ["both"]],
    ["PathPrefix(`/api`)", "PathPrefix(`/users`)", ["circle"]],
    ["PathPrefix(`/api`)", "PathPrefix(`/users`)", ["nobody-knows"]],
    ["!Header(`X-A`, `1`)", "Header(`X-A`, `1`)", []],
    ["Query(`a`, `1`)", "!Query(`a`, `1`)", []],
    ["Host(`a.com`) && !Header(`X-A`, `1`)", "Header(`X-A`, `1`)", []],
  ])("%s above %s", (above, below, uses) => {
    expect(two(above, below, uses)).toEqual([]);
  });

  it("where only the middlewares of a level between change the path", () => {
    const below = [{ rule: "PathPrefix(`/users`)" }];
    const between = [{ rule: "PathPrefix(`/api/v1`)", uses: ["strip"], below }];
    expect(found({ rule: "PathPrefix(`/api`)", below: between })).toEqual([]);
  });

  it("where one of two ways leads to it", () => {
    const table = tableOf([
      { rule: "Host(`a.com`)", below: [{ rule: "Host(`b.com`)" }] },
      { rule: "Host(`b.com`)", below: [{ rule: "PathPrefix(`/x`)" }] },
    ]);
    const [first, second] = table.routers;
    if (first === undefined || second === undefined) throw new Error("two routers were built");
    expect(contradictedBelow(table)).toHaveLength(1);
    expect(contradictedBelow({ ...table, routers: [first, { ...second, service: first.service }] })).toEqual([]);
  });

  it("or contradicts itself, which is another matter", () => {
    expect(two("PathPrefix(`/a`)", "Host(`a.com`) && Host(`b.com`)")).toEqual([]);
  });

  it("where more ways lead to it than are looked at", () => {
    const [root] = tableOf([{ rule: "Host(`a.com`)", below: [{ rule: "Host(`b.com`)" }] }]).routers;
    if (root === undefined) throw new Error("a router was built");
    const table = tableOf([{ rule: "Host(`a.com`)", below: [{ rule: "Host(`b.com`)" }] }]);
    const many = (length: number) => ({ ...table, routers: Array.from({ length }, () => ({ ...root })) });
    expect(contradictedBelow(many(32))).toHaveLength(1);
    expect(contradictedBelow(many(33))).toEqual([]);
  });
});

it("never holds a request against a rule that would match it", () => {
  fc.assert(
    fc.property(
      anyRule,
      anyRule,
      fc.constantFrom<string[][]>([], ["type"]),
      fc.array(anyFacts, { maxLength: 20 }),
      (above, below, uses, requests) => {
        fc.pre(found({ rule: above, uses, below: [{ rule: below }] }).length > 0);
        expect(requests.filter((facts) => compileRule(above)(facts) && compileRule(below)(facts))).toEqual([]);
      },
    ),
  );
});
