import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { toNativeRegexp } from "../../src/rule/native-regexp.ts";
import { compileRegexp, RegexpError } from "../../src/rule/regexp.ts";

describe("compileRegexp", () => {
  it.each([
    ["b", "abc", true],
    ["^b", "abc", false],
    ["(?i)ABC", "abc", true],
    ["a{2,3}$", "caaa", true],
    ["^(v1|v2)/", "v2/", true],
    ["", "", true],
    ["^é$", "é", true],
  ])("%s finds in %s: %s", (pattern, text, expected) => {
    expect(compileRegexp(pattern).test(text)).toBe(expected);
  });

  it.each(["(", "*", "(?=a)", "\\1", "a**", "[b-a]"])("refuses %s", (pattern) => {
    expect(() => compileRegexp(pattern)).toThrow(RegexpError);
  });

  it("shares what it has compiled", () => {
    expect(compileRegexp("(shared)")).toBe(compileRegexp("(shared)"));
  });

  it("forgets the oldest of too many", () => {
    const first = compileRegexp("(first)");
    for (let index = 0; index < 1000; index += 1) compileRegexp(`filler-${index}`);
    expect(compileRegexp("(first)")).not.toBe(first);
  });
});

describe("toNativeRegexp", () => {
  it.each([
    "^/api/[^/]+/users/[0-9]+$",
    "abc",
    "^/a.c",
    "^a+bc?$",
    "^a+a",
    "^.*x",
    "^a?a",
    "^[\\w-]+\\.example\\.com$",
    "\\$$",
    "^a*",
    "",
  ])("takes %s", (pattern) => {
    expect(toNativeRegexp(pattern)).toBeInstanceOf(RegExp);
  });

  it.each([
    // Backtracking could meet more than one split point.
    "a+b",
    "^.*a.*b",
    "^a*b*c",
    "^a+[a-c]b+",
    "^a?ab+",
    // Not plain sequences.
    "(a)",
    "a|b",
    "a{2}",
    "a+?",
    "(?i)a",
    "[[:alpha:]]",
    "[a",
    "\\bx",
    "\\Qa\\E",
    "a^b",
    "a$b",
    "é",
    "[é]",
    "\\pL",
    "[b-a]",
    "[]a]",
  ])("leaves %s to RE2", (pattern) => {
    expect(toNativeRegexp(pattern)).toBeUndefined();
  });

  it("leaves a very long pattern to RE2", () => {
    expect(toNativeRegexp("\\w".repeat(1000))).toBeUndefined();
  });

  it("means the same as RE2", () => {
    const atom = fc.constantFrom(
      ...["a", "b", "-", "/", ".", "\\.", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\\\", "\\$", "\\-", "\\/"],
      ...["[ab]", "[^a]", "[a-c/]", "[^/.]", "[\\w.-]", "[\\d\\-]", "[^\\s]", "[-a]", "[a-]", "[.*+?(){}|$]", "[\\]]"],
      ...[
        "[a\\-z]",
        "[^\\d\\n]",
        "[--a]",
        "[+--]",
        "[a-b-c]",
        "(",
        "|",
        "{",
        "}",
        "]",
        "^",
        "$",
        "é",
        "[\\^]",
        "[&&a]",
      ],
    );
    const quantified = fc.tuple(atom, fc.constantFrom("", "", "", "*", "+", "?")).map((pair) => pair.join(""));
    const pattern = fc
      .tuple(fc.constantFrom("", "^", "^"), fc.array(quantified, { maxLength: 5 }), fc.constantFrom("", "$"))
      .map(([start, atoms, end]) => start + atoms.join("") + end);
    const text = fc
      .array(
        fc.constantFrom(
          "a",
          "b",
          "c",
          "z",
          "1",
          "-",
          "/",
          ".",
          "\\",
          "$",
          " ",
          "\n",
          "\r",
          "\u2028",
          "é",
          "😀",
          "]",
          "^",
          "_",
          "ſ",
          "K",
        ),
        {
          maxLength: 8,
        },
      )
      .map((characters) => characters.join(""));
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 20 }), (written, texts) => {
        const native = toNativeRegexp(written);
        if (native === undefined) return;
        const re2 = RE2JS.compile(written);
        for (const input of texts) expect([input, native.test(input)]).toEqual([input, re2.test(input)]);
      }),
      { numRuns: 2000 },
    );
  });
});
