import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { canonicalJson, utf8Length } from "../../src/snapshot/canonical-json.ts";
import { namesHosts, splitRule } from "../../src/snapshot/split-rule.ts";
import type { Rule } from "../../src/table/rule.ts";
import { anyFacts, anyRule } from "../rule/arbitrary-rule.ts";

const bytesOf = (rule: Rule): number => utf8Length(canonicalJson(rule));
const host = (name: string): Rule => ({ type: "host", host: name });
const hosts = (count: number): Rule[] => Array.from({ length: count }, (_, index) => host(`h${index}.example`));
const large: Rule = { type: "pathRegexp", regexp: "x".repeat(2_000) };
const and = (...rules: Rule[]): Rule => ({ type: "and", rules });
const or = (...rules: Rule[]): Rule => ({ type: "or", rules });

describe("the parts of a rule", () => {
  it("match together what the whole matches, nothing else when they are exact, and are small enough", () => {
    const counts = { split: 0, widened: 0 };
    fc.assert(
      fc.property(
        anyRule,
        fc.integer({ min: 30, max: 400 }),
        fc.array(anyFacts, { minLength: 1 }),
        (rule, max, all) => {
          const split = splitRule(rule, max);
          if (split === undefined) return;
          const { rules, isExact } = split;
          if (rules.length > 1) counts.split++;
          if (!isExact) counts.widened++;
          for (const part of rules) expect(bytesOf(part)).toBeLessThanOrEqual(max);
          for (const facts of all) {
            const isMatched = compileRule(rule)(facts);
            const isPartMatched = rules.some((part) => compileRule(part)(facts));
            if (isMatched || isExact) expect(isPartMatched).toBe(isMatched);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(counts.split).toBeGreaterThan(20);
    expect(counts.widened).toBeGreaterThan(20);
  });

  it("name the hosts of what they match, where it is said that they do", () => {
    fc.assert(
      fc.property(anyRule, anyFacts, (rule, facts) => {
        if (!namesHosts(rule) || !compileRule(rule)(facts)) return;
        expect(compileRule(rule)({ ...facts, host: "named.by.nobody" })).toBe(false);
      }),
    );
  });

  it.each<[string, Rule, number, Rule[] | undefined, boolean]>([
    ["a rule that fits stays as it is", or(...hosts(3)), 200, [or(...hosts(3))], true],
    ["few alternatives are together", or(...hosts(10)), 350, [or(...hosts(8)), or(...hosts(10).slice(8))], true],
    [
      "what stands beside alternatives stands beside each part",
      and(or(...hosts(9)), { type: "method", method: "GET" }),
      350,
      [
        and({ type: "method", method: "GET" }, or(...hosts(7))),
        and({ type: "method", method: "GET" }, or(...hosts(9).slice(7))),
      ],
      true,
    ],
    [
      "without two large ones",
      and(or(...hosts(9)), large),
      350,
      [or(...hosts(8)), host("h8.example")].map((part) => and(part)),
      false,
    ],
    ["hosts go before what else is large", and(large, host("a")), 1_000, [and(host("a"))], false],
    ["an alternative that cannot be split leaves nothing", or(host("a"), large), 1_000, undefined, true],
    ["nor does one value", large, 1_000, undefined, true],
    ["nor what it is not", { type: "not", rule: or(...hosts(100)) }, 1_000, undefined, true],
  ])("%s", (_, rule, maxBytes, rules, isExact) => {
    expect(splitRule(rule, maxBytes)).toEqual(rules && { rules, isExact });
  });
});
