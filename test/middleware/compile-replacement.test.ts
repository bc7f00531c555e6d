// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Go's templates look like it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileReplacement } from "../../src/middleware/compile-replacement.ts";
import { MiddlewareError } from "../../src/middleware/middleware-error.ts";

// Expected texts are those of Go's regexp.ReplaceAllString.
describe("compileReplacement", () => {
  it.each([
    ["a(b)?(c)", "[$1|$2]", "acXabc", "[|c]X[b|c]"],
    ["(a)", "$1x", "a", ""],
    ["(a)", "$1_", "a", ""],
    ["(a)", "$1-x", "a", "a-x"],
    ["(a)", "${1}x", "a", "ax"],
    ["(a)", "$$1", "a", "$1"],
    ["(a)", "$$$1", "a", "$a"],
    ["(a)", "$", "a", "$"],
    ["(a)", "$-", "a", "$-"],
    ["(a)", "${1", "a", "${1"],
    ["(a)", "${}", "a", "${}"],
    ["(a)", "$0$0", "a", "aa"],
    ["(a)", "$01", "a", ""],
    ["(a)", "$2", "a", ""],
    ["(a)", "$99999999999", "a", ""],
    ["(?P<n>a)", "<$n>", "a", "<a>"],
    ["(?P<n>a)", "<${n}>", "a", "<a>"],
    ["(?<n>a)", "<$name>", "a", "<>"],
    ["(a)", "$toString", "a", ""],
    ["(a)", "\\1", "a", "\\1"],
    ["(a)", "$&", "a", "$&"],
    ["x*", "-", "axb", "-a-b-"],
    ["x*", "-", "", "-"],
    [".*", "-", "ab", "-"],
    ["$", "-", "ab", "ab-"],
    ["^", "-", "ab", "-ab"],
    ["(?i)A", "b", "aA", "bb"],
  ])("%s by %s in %j is %j", (pattern, template, text, expected) => {
    expect(compileReplacement(pattern, template).replaceAll(text)).toBe(expected);
  });

  it("replaces by literal text what native expressions replace, empty matches after a match aside", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("a", "a+", "[ab]c?", "(a|b)b"),
        fc.stringMatching(/^[abc]{0,20}$/),
        (pattern, text) => {
          expect(compileReplacement(pattern, "$$-").replaceAll(text)).toBe(
            text.replace(new RegExp(pattern, "g"), "$$-"),
          );
        },
      ),
    );
  });

  it("gives up on more matches than anyone means", () => {
    const { replaceAll } = compileReplacement("a", "b");
    expect([replaceAll("a".repeat(1000))?.length, replaceAll("a".repeat(1001))]).toEqual([1000, undefined]);
  });

  it.each(["(", "(?=a)", "a**", "\\1", "[b-a]"])("refuses %s", (pattern) => {
    expect(() => compileReplacement(pattern, "")).toThrow(MiddlewareError);
  });
});
