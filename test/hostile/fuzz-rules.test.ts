import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { MAX_RULE_DEPTH, MAX_RULE_LENGTH } from "../../src/rule/parse-rule-text.ts";
import { printRule } from "../../src/rule/print-rule.ts";
import { ruleKeys } from "../../src/rule/rule-keys.ts";
import { ruleSchema } from "../../src/table/rule.ts";
import { v3Rule } from "../rule/arbitrary-rule.ts";
import { fuzzRuns } from "./fuzz-runs.ts";
import { hostileString } from "./hostile-values.ts";

const v2Rules = [
  "Host(`a.com`, `b.com`) && PathPrefix(`/x/{id:[0-9]+}`, `/y`)",
  "HostRegexp(`{sub:[a-z]+}.a.com`) || !Headers(`X-A`, `b`)",
  "Query(`k=v`, `l=w`) && Method(`GET`, `POST`) && ClientIP(`10.0.0.0/8`)",
  'HeadersRegexp("X-A", "^a\\\\d+$") && Path(`/a`)',
];
const valid = fc.oneof(
  v3Rule.map(printRule).filter((text) => text !== undefined),
  fc.constantFrom(...v2Rules),
);

/** A few characters gone, doubled, or put in. */
const mutated = fc
  .tuple(
    valid,
    fc.array(fc.tuple(fc.nat(), fc.nat(8), fc.oneof(hostileString, fc.constantFrom(...'`"()!&|,\\ '))), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((current, [at, length, put]) => {
      const from = at % (current.length + 1);
      return current.slice(0, from) + put + current.slice(from + length);
    }, text),
  );

const hostileFacts = fc
  .record({
    host: hostileString,
    routingPath: hostileString.map((path) => `/${path}`),
    method: fc.oneof(hostileString, fc.constantFrom("GET", "get")),
    header: fc.option(hostileString),
    query: hostileString.map((query) => `?${query}`),
    clientAddress: fc.oneof(hostileString, fc.constantFrom("10.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0")),
  })
  .map(({ header, ...rest }) => createRequestFacts({ ...rest, headers: { get: () => header } }));

describe("a rule", () => {
  it("parses or says where it does not, and what parses can be kept, placed and asked", () => {
    fc.assert(
      fc.property(
        fc.oneof(hostileString, mutated),
        fc.constantFrom("v3" as const, "v2" as const),
        hostileFacts,
        (text, syntax, facts) => {
          const parsed = parseRule(text, syntax);
          if ("error" in parsed) {
            const { offset, length } = parsed.error;
            expect(offset).toBeGreaterThanOrEqual(0);
            expect(length).toBeGreaterThanOrEqual(0);
            expect(offset + length).toBeLessThanOrEqual(text.length);
            expect(`${parsed.error.message}${parsed.error.hint}`.length).toBeLessThan(1000);
            return;
          }
          for (const { message, hint } of parsed.warnings) expect(`${message}${hint}`.length).toBeLessThan(1000);
          expect(ruleSchema.safeParse(parsed.rule).success).toBe(true);
          expect(typeof compileRule(parsed.rule)(facts)).toBe("boolean");
          ruleKeys(parsed.rule);
        },
      ),
      fuzzRuns(2000),
    );
  });

  // What could take more than linear time or stack does so only within these bounds.
  const many = (count: number, unit: string, between = "") => Array(count).fill(unit).join(between);
  it.each([
    ["operators", many(4000, "Host(`a`)", " && ")],
    ["negations", `${"!".repeat(60_000)}Host(\`a\`)`],
    ["parentheses", `${"(".repeat(MAX_RULE_DEPTH)}Host(\`a\`)${")".repeat(MAX_RULE_DEPTH)}`],
    ["arguments", `Host(${many(10_000, "`a`", ", ")})`],
    ["comments", `${many(10_000, "/**/")}Host(\`a\`)`],
    ["blanks", `${" ".repeat(65_000)}Host(\`a\`)`],
    ["open comments", many(20_000, "/*")],
    ["slashes", "/".repeat(65_000)],
    ["open parentheses", "(".repeat(65_000)],
    ["open quotes", '"\\'.repeat(30_000)],
    ["backslashes", `"${"\\".repeat(65_000)}"`],
    ["quotes", many(30_000, '"', "")],
    ["a long name", "H".repeat(65_000)],
    ["a long regular expression", `PathRegexp(\`${many(5_000, "(a*)*")}\`)`],
    ["repeats of repeats", "PathRegexp(`((((((a{9}){9}){9}){9}){9}){9})`)"],
    ["too long", "a".repeat(MAX_RULE_LENGTH + 1)],
  ])("of many %s is answered for", (_, text) => {
    for (const syntax of ["v3", "v2"] as const) {
      const parsed = parseRule(text, syntax);
      if ("error" in parsed) expect(parsed.error.message.length).toBeLessThan(1000);
      else expect(typeof compileRule(parsed.rule)).toBe("function");
    }
  });
});
