import fc from "fast-check";
import { expect, it } from "vitest";
import { escapePath, hasDotSegment, isCleanPath } from "../../src/middleware/escape-path.ts";
import { decodeRoutingPath, normalisePath } from "../../src/rule/routing-path.ts";

it.each([
  ["/a/b", "/a/b"],
  ["/a b", "/a%20b"],
  ["/%61%7e", "/a~"],
  ["/%2f%e9", "/%2F%E9"],
  ["/100%", "/100%25"],
  ["/%zz", "/%25zz"],
  ["/é😀", "/%C3%A9%F0%9F%98%80"],
  ["/a?b#c", "/a%3Fb%23c"],
  ["/\ud800", "/%EF%BF%BD"],
  ["/a\r\nb", "/a%0D%0Ab"],
  ["", ""],
])("%j is escaped as %s", (text, escaped) => {
  expect(escapePath(text)).toBe(escaped);
});

it.each([
  ["/", true, false],
  ["/a/b/", true, false],
  ["/a..b/.c/d.", true, false],
  ["/a//b", false, false],
  ["//", false, false],
  ["/./a", false, true],
  ["/a/..", false, true],
  ["/../", false, true],
])("%s is clean: %s, with a dot segment: %s", (path, clean, dots) => {
  expect([isCleanPath(path), hasDotSegment(path)]).toEqual([clean, dots]);
});

const raw = fc.oneof(fc.webPath(), fc.string({ unit: "binary" }), fc.stringMatching(/^(?:%[0-9A-F]{2}|[/.a é])*$/));

it("is in one form whatever is written: escaping again changes nothing", () => {
  fc.assert(
    fc.property(raw, (text) => {
      expect(escapePath(escapePath(text))).toBe(escapePath(text));
    }),
  );
});

it("leaves a normalised path as it is, and leads back to it from the path that rules see", () => {
  fc.assert(
    fc.property(raw, (text) => {
      const path = normalisePath(`/${text}`)?.path ?? "/";
      expect([escapePath(path), escapePath(decodeRoutingPath(path))]).toEqual([path, path]);
    }),
  );
});
