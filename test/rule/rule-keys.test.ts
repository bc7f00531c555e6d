import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import type { RequestFacts } from "../../src/rule/request-facts.ts";
import { MAX_RULE_KEYS, type RuleKey, ruleKeys } from "../../src/rule/rule-keys.ts";
import { anyFacts, anyRule } from "./arbitrary-rule.ts";

const keysOf = (text: string) => {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  return ruleKeys(parsed.rule).map(({ host, path }) => {
    const literal = path === undefined ? "" : path.kind === "exact" ? `=${path.value}` : `${path.value}…`;
    return host + literal;
  });
};

const list = (count: number, matcher: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => matcher(index)).join(" || ");

describe("ruleKeys", () => {
  it.each([
    ["Host(`a.com`)", ["a.com"]],
    ["Host(`*.a.com`)", ["*.a.com"]],
    ["Host(`*`)", [""]],
    ["Path(`/a`)", ["=/a"]],
    ["PathPrefix(`/a`)", ["/a…"]],
    ["PathPrefix(`/`)", [""]],
    ["Host(`a.com`) && PathPrefix(`/a`) && Path(`/ab`)", ["a.com=/ab"]],
    ["PathPrefix(`/a`) && PathPrefix(`/a/b`)", ["/a/b…"]],
    ["Host(`*.a.com`) && Host(`x.a.com`)", ["x.a.com"]],
    ["Host(`a.com`) && Host(`b.com`)", []],
    ["Path(`/a`) && PathPrefix(`/b`)", []],
    ["Host(`a.com`) || Host(`b.com`)", ["a.com", "b.com"]],
    [
      "(Host(`a.com`) || Host(`b.com`)) && (Path(`/a`) || Path(`/b`))",
      ["a.com=/a", "a.com=/b", "b.com=/a", "b.com=/b"],
    ],
    ["Host(`a.com`) || Host(`a.com`) && Path(`/a`)", ["a.com"]],
    ["Host(`a.com`) && Path(`/a`) || Host(`*.com`)", ["*.com"]],
    ["Host(`a.com`) && !Path(`/a`)", ["a.com"]],
    ["Host(`a.com`) || Method(`GET`)", [""]],
    ["HostRegexp(`a`) && PathRegexp(`b`)", [""]],
  ])("of %s are %j", (text, keys) => {
    expect(keysOf(text)).toEqual(keys);
  });

  it("lose paths, then hosts, when there are too many", () => {
    expect(keysOf(list(MAX_RULE_KEYS, (i) => `Host(\`h${i}\`)`))).toHaveLength(MAX_RULE_KEYS);
    expect(keysOf(list(MAX_RULE_KEYS + 1, (i) => `Host(\`h${i}\`)`))).toEqual([""]);
    expect(keysOf(`Host(\`a.com\`) && (${list(100, (i) => `Path(\`/${i}\`)`)})`)).toEqual(["a.com"]);
    expect(keysOf(list(1000, (i) => `Host(\`h${i % 3}\`) && Path(\`/${i}\`)`))).toEqual(["h0", "h1", "h2"]);
    const both = `(${list(20, (i) => `Host(\`h${i}\`)`)}) && (${list(20, (i) => `Path(\`/${i}\`)`)})`;
    expect(keysOf(both)).toHaveLength(20);
  });

  it("of a whole segment prefix are its bytes", () => {
    expect(ruleKeys({ type: "pathPrefix", path: "/a/", segments: true })).toEqual([
      { host: "", path: { kind: "prefix", value: "/a" } },
    ]);
  });

  it("cover every request that the rule matches", () => {
    fc.assert(
      fc.property(anyRule, fc.array(anyFacts, { minLength: 10 }), (rule, requests) => {
        const matches = compileRule(rule);
        const keys = ruleKeys(rule);
        expect(keys.length).toBeLessThanOrEqual(MAX_RULE_KEYS);
        for (const facts of requests) {
          if (matches(facts)) expect(keys.some((key) => covers(key, facts))).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function covers({ host, path }: RuleKey, facts: RequestFacts): boolean {
  const name = facts.host.replace(/\.$/, "");
  const coversHost = host === "" || (host.startsWith("*.") ? name.endsWith(host.slice(1)) : name === host);
  if (path === undefined) return coversHost;
  return coversHost && (path.kind === "exact" ? facts.path === path.value : facts.path.startsWith(path.value));
}
