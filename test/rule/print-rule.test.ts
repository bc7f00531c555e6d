import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { printRule } from "../../src/rule/print-rule.ts";
import type { Rule } from "../../src/table/rule.ts";
import { anyFacts, v3Rule } from "./arbitrary-rule.ts";

const reparse = (rule: Rule): Rule => {
  const text = printRule(rule);
  if (text === undefined) throw new Error(`${JSON.stringify(rule)} has no text`);
  const parsed = parseRule(text, "v3");
  if ("error" in parsed) throw new Error(`${text}: ${parsed.error.message}`);
  return parsed.rule;
};

describe("printRule", () => {
  it.each([
    "Host(`a.com`)",
    "Host(`*.a.com`) && !Path(`/a`)",
    "Host(`a`) && (PathPrefix(`/b`) || Method(`GET`))",
    "Host(`a`) && PathPrefix(`/b`) || Host(`*`)",
    "Query(`k`) || Query(`k`, `v`) || QueryRegexp(`k`, `^v`)",
    "Header(`X-A`, `a`) && HeaderRegexp(`X-A`, `b`) && ClientIP(`::1`)",
    'PathRegexp("a`\\\\d\\"")',
    "HostRegexp(`^\\d`)",
  ])("of %s gives it again", (text) => {
    const parsed = parseRule(text, "v3");
    expect("rule" in parsed && printRule(parsed.rule)).toBe(text);
  });

  it.each<Rule>([
    { type: "hostWildcard", suffix: "a.com", deep: true },
    { type: "pathPrefix", path: "/a", segments: true },
    { type: "header", name: "X-A", value: "" },
    { type: "queryRegexp", key: "k", regexp: "" },
    { type: "host", host: "*.a.com" },
    { type: "path", path: "a" },
    { type: "not", rule: { type: "host", host: "" } },
    { type: "and", rules: [{ type: "any" }, { type: "path", path: "" }] },
  ])("has no text for %j", (rule) => {
    expect(printRule(rule)).toBeUndefined();
  });

  it("parses back to the same tree once it is in the parser's form", () => {
    fc.assert(
      fc.property(v3Rule, (rule) => {
        const parsed = reparse(rule);
        expect(reparse(parsed)).toEqual(parsed);
      }),
    );
  });

  it("parses back to a rule that matches the same requests", () => {
    fc.assert(
      fc.property(v3Rule, fc.array(anyFacts, { minLength: 5 }), (rule, requests) => {
        const [before, after] = [compileRule(rule), compileRule(reparse(rule))];
        for (const facts of requests) expect(after(facts)).toBe(before(facts));
      }),
    );
  });

  it("quotes any text", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "binary" }), (value) => {
        const rule: Rule = { type: "header", name: "X-A", value };
        expect(reparse(rule)).toEqual(rule);
      }),
    );
  });
});
