import { describe, expect, it } from "vitest";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { ruleKeys } from "../../src/rule/rule-keys.ts";
import { withoutImplied } from "../../src/rule/without-implied.ts";
import type { Rule } from "../../src/table/rule.ts";

function left(text: string): Rule[] {
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  return ruleKeys(parsed.rule).map((key) => withoutImplied(parsed.rule, key));
}

describe("what is left to test under a rule's own key", () => {
  it.each([
    "Host(`a.example.com`)",
    "Host(`a.example.com.`)",
    "Host(`a.example.com`) && PathPrefix(`/api`)",
    "Host(`a.example.com`) && Path(`/api`)",
    "Host(`a.example.com`) && PathPrefix(`/api`) && PathPrefix(`/api/v1`)",
    "Host(`*.example.com`) && PathPrefix(`/api`)",
  ])("is nothing of %s", (text) => {
    expect(left(text)).toEqual([{ type: "any" }]);
  });

  it.each<[string, Rule]>([
    ["Host(`a.example.com`) && Method(`GET`)", { type: "method", method: "GET" }],
    [
      "Host(`a.example.com`) && PathPrefix(`/api`) && !Path(`/api/x`)",
      { type: "not", rule: { type: "path", path: "/api/x" } },
    ],
    ["Host(`*.example.com`) && Host(`a.example.com`)", { type: "hostWildcard", suffix: "example.com" }],
    ["Host(`*.example.com`) && Host(`*.a.example.com`)", { type: "hostWildcard", suffix: "example.com" }],
  ])("is the rest of %s", (text, rest) => {
    expect(left(text)).toEqual([rest]);
  });

  it("is all of a choice: which of its sides holds is not known", () => {
    expect(left("Host(`a`) || PathPrefix(`/api`)").map(({ type }) => type)).toEqual(["or", "or"]);
  });

  it("is a prefix of whole elements, which the index does not compare", () => {
    const rule: Rule = { type: "pathPrefix", path: "/api", segments: true };
    expect(ruleKeys(rule).map((key) => withoutImplied(rule, key))).toEqual([rule]);
  });
});
