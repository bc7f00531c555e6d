import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRoutingPath, normalisePath } from "../../src/rule/routing-path.ts";

describe("normalisePath", () => {
  it.each([
    ["/", "/", "/"],
    ["/a/b.c/~d-e_f", "/a/b.c/~d-e_f", "/a/b.c/~d-e_f"],
    ["/a;b=c,(d)@e:f!$&'*+[g]", "/a;b=c,(d)@e:f!$&'*+[g]", "/a;b=c,(d)@e:f!$&'*+[g]"],
    // Unreserved characters are decoded, other escapes written in upper case.
    ["/%61%2d%7E", "/a-~", "/a-~"],
    ["/foo%20bar", "/foo%20bar", "/foo bar"],
    ["/a%2fb", "/a%2Fb", "/a%2Fb"],
    ["/100%25", "/100%25", "/100%25"],
    ["/%2525", "/%2525", "/%2525"],
    ["/%3f%23%26", "/%3F%23%26", "/%3F%23%26"],
    ["/%00", "/%00", "/\0"],
    ["/%5c", "/%5C", "/\\"],
    // UTF-8, escaped or not, is one; bytes that are none stay escaped.
    ["/caf%c3%a9", "/caf%C3%A9", "/café"],
    ["/café", "/caf%C3%A9", "/café"],
    ["/%e2%82%ac/%F0%9F%98%80", "/%E2%82%AC/%F0%9F%98%80", "/€/😀"],
    ["/%ff%c3%28", "/%FF%C3%28", "/%FF%C3%28"],
    ["/%c0%af", "/%C0%AF", "/%C0%AF"],
    // Characters that a path must escape.
    ['/a|b"c<d>', "/a%7Cb%22c%3Cd%3E", '/a|b"c<d>'],
    ["/a\\..\\b", "/a%5C..%5Cb", "/a\\..\\b"],
    // Segments.
    ["//a///b", "/a/b", "/a/b"],
    ["/a/./b/../c", "/a/c", "/a/c"],
    ["/a/..", "/", "/"],
    ["/a/b/..", "/a", "/a"],
    ["/a/b/../", "/a/", "/a/"],
    ["/a/b/.", "/a/b", "/a/b"],
    ["/../../etc", "/etc", "/etc"],
    ["/a/%2e%2E/b", "/b", "/b"],
    ["/a/.%2e/b", "/b", "/b"],
    ["/a%2F..%2Fb", "/a%2F..%2Fb", "/a%2F..%2Fb"],
    ["/.well-known/x", "/.well-known/x", "/.well-known/x"],
    ["/...", "/...", "/..."],
    ["//", "/", "/"],
  ])("of %s", (raw, path, routingPath) => {
    expect(normalisePath(raw)).toEqual({ path, routingPath });
  });

  it.each([
    ["//a/../%2e/%61", "//a/.././a", "//a/.././a"],
    ["/a//b/", "/a//b/", "/a//b/"],
  ])("of %s leaves segments alone without sanitize", (raw, path, routingPath) => {
    expect(normalisePath(raw, { sanitize: false })).toEqual({ path, routingPath });
  });

  it.each(["", "a", "*", "/%", "/%zz", "/%2", "/a%g0/b", "/a#b", "/\ud800"])("refuses %j", (raw) => {
    expect(normalisePath(raw)).toBeUndefined();
  });

  it("is settled after one pass, escapes every character outside of a path, and leaves no dot segment", () => {
    const piece = fc.oneof(
      fc.constantFrom("/", "//", ".", "..", "%2e", "%2F", "%25", "%", "é", " ", "%ff", "%C3%A9", "?", "|"),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const normal = normalisePath(`/${pieces.join("")}`);
        if (normal === undefined) return;
        expect(normalisePath(normal.path)).toEqual(normal);
        expect(normal.path).toMatch(/^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]|%[0-9A-F]{2})*$/);
        expect(normal.path).not.toMatch(/\/\/|\/\.{1,2}(\/|$)/);
      }),
    );
  });
});

describe("decodeRoutingPath", () => {
  it.each([
    ["/100%", "/100%"],
    ["/%2f%20%zz", "/%2F %zz"],
    ["/%E2%82", "/%E2%82"],
  ])("of a literal, %s", (literal, decoded) => {
    expect(decodeRoutingPath(literal)).toBe(decoded);
  });

  it("is settled after one pass where every % begins an escape", () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), (text, bytes) => {
        const escaped = `/${text.replaceAll("%", "%25")}${[...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")}`;
        const once = decodeRoutingPath(escaped);
        expect(decodeRoutingPath(once)).toBe(once);
      }),
    );
  });
});
