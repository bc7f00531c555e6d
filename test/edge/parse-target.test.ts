import { describe, expect, it } from "vitest";
import { parseTarget, portOf } from "../../src/edge/parse-target.ts";

describe("parseTarget", () => {
  it.each([
    ["http://a.com/", { scheme: "http", authority: "a.com", path: "/", query: "" }],
    ["https://a.com:8443/x?y=/z", { scheme: "https", authority: "a.com:8443", path: "/x", query: "?y=/z" }],
    ["http://a.com", { scheme: "http", authority: "a.com", path: "/", query: "" }],
    ["http://a.com?q=/", { scheme: "http", authority: "a.com", path: "/", query: "?q=/" }],
    ["http://[::1]:80//x/../%2e?", { scheme: "http", authority: "[::1]:80", path: "//x/../%2e", query: "?" }],
  ])("splits %s", (url, target) => {
    expect(parseTarget(url)).toEqual(target);
  });
});

describe("portOf", () => {
  it.each([
    ["a.com", "http", 80],
    ["a.com", "https", 443],
    ["a.com:8787", "http", 8787],
    ["[::1]", "https", 443],
    ["[::1]:8443", "https", 8443],
  ] as const)("of %s over %s is %i", (authority, scheme, port) => {
    expect(portOf(authority, scheme)).toBe(port);
  });
});
