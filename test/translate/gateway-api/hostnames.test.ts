import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  covers,
  hostRank,
  intersectHostnames,
  readHostname,
} from "../../../sync-agent/translate/gateway-api/hostnames.ts";

describe("intersection of a listener's and a route's hostname", () => {
  const cases: [listener: string, route: string, both: string | undefined][] = [
    ["", "", ""],
    ["", "a.example.com", "a.example.com"],
    ["a.example.com", "", "a.example.com"],
    ["", "*.example.com", "*.example.com"],
    ["a.example.com", "a.example.com", "a.example.com"],
    ["a.example.com", "b.example.com", undefined],
    ["*.example.com", "a.example.com", "a.example.com"],
    ["*.example.com", "a.b.example.com", "a.b.example.com"],
    ["*.example.com", "example.com", undefined],
    ["*.example.com", "aexample.com", undefined],
    ["a.example.com", "*.example.com", "a.example.com"],
    ["*.example.com", "*.example.com", "*.example.com"],
    ["*.example.com", "*.a.example.com", "*.a.example.com"],
    ["*.a.example.com", "*.example.com", "*.a.example.com"],
    ["*.a.example.com", "*.b.example.com", undefined],
    ["*.com", "*.example.com", "*.example.com"],
  ];
  test.each(cases)("%j and %j", (listener, route, both) => {
    expect(intersectHostnames(listener, route)).toBe(both);
    expect(intersectHostnames(route, listener)).toBe(both);
  });
});

test("what is covered ranks above what covers it", () => {
  const label = fc.constantFrom("a", "b", "cc");
  const host = fc.oneof(
    fc.constant(""),
    fc.tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 4 })).map(([wild, labels]) => {
      const name = labels.join(".");
      return wild ? `*.${name}` : name;
    }),
  );
  fc.assert(
    fc.property(host, host, (a, b) => {
      if (a !== b && covers(a, b)) expect(hostRank(b)).toBeGreaterThan(hostRank(a));
      expect(hostRank(a)).toBeLessThan(512);
    }),
  );
});

test.each(["A.Example.com", "*.example.com", "localhost", "xn--bcher-kva.example"])("a hostname: %s", (text) => {
  expect(readHostname(text)).toBe(text.toLowerCase());
});

test.each([
  "",
  "*",
  "*.",
  "a.*.com",
  "a:80",
  "10.0.0.1",
  "a_b.com",
  "-a.com",
  "a..b",
  ".a",
  "a.",
  "a/b",
  "a".repeat(64),
])("no hostname: %j", (text) => {
  expect(readHostname(text)).toBeUndefined();
});
