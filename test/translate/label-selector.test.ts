import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseLabelSelector } from "../../sync-agent/translate/label-selector.ts";

const takes = (text: string, labels: Record<string, string> | undefined): boolean => {
  const parsed = parseLabelSelector(text);
  if ("error" in parsed) throw new Error(parsed.error);
  return parsed.selector(labels);
};

describe("a selector takes", () => {
  test.each<[string, Record<string, string> | undefined, boolean]>([
    ["", undefined, true],
    ["a=b", { a: "b" }, true],
    ["a==b", { a: "c" }, false],
    ["a = b", { a: "b" }, true],
    ["a=", { a: "" }, true],
    ["a!=b", {}, true],
    ["a!=b", { a: "b" }, false],
    ["a in (b, c)", { a: "c" }, true],
    ["a in (b,c)", {}, false],
    ["a notin (b, c)", {}, true],
    ["a notin (b)", { a: "b" }, false],
    ["a", { a: "" }, true],
    ["a", undefined, false],
    ["!a", {}, true],
    ["! a", { a: "x" }, false],
    ["a>1", { a: "2" }, true],
    ["a<1", { a: "2" }, false],
    ["a>1", { a: "x" }, false],
    ["app.kubernetes.io/name=web,tier in (front), !old", { "app.kubernetes.io/name": "web", tier: "front" }, true],
    ["a=b,c", { a: "b" }, false],
    ["in in (in)", { in: "in" }, true],
    ["constructor", {}, false],
  ])("%j of %j: %s", (text, labels, expected) => expect(takes(text, labels)).toBe(expected));
});

test.each(["a b", "a=b,", ",a", "a in b", "a in (b", "=b", "a=b c", "!", "a/b/c=d"])("%j is none", (text) => {
  expect(parseLabelSelector(text)).toHaveProperty("error");
});

test("any text is read or refused", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseLabelSelector(text)));
});
