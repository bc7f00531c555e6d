import { describe, expect, it } from "vitest";
import { compileRule } from "../../src/rule/compile-rule.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { parseRule } from "../../src/rule/parse-rule.ts";
import { RegexpError } from "../../src/rule/regexp.ts";
import type { Rule } from "../../src/table/rule.ts";

interface Request {
  host?: string;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  query?: string;
  address?: string;
}

const matches = (
  rule: Rule,
  { host = "", path = "/", method = "GET", headers = {}, query = "", address = "" }: Request,
) =>
  compileRule(rule)(
    createRequestFacts({
      host,
      routingPath: path,
      method,
      headers: new Headers(headers),
      query,
      clientAddress: address,
    }),
  );

const parse = (text: string, syntax: "v3" | "v2" = "v3") => {
  const parsed = parseRule(text, syntax);
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.rule;
};

describe("rules as written", () => {
  it.each<[string, Request, boolean]>([
    ["Host(`a.com`)", { host: "A.com" }, true],
    ["Host(`a.com`)", { host: "a.com:8080" }, true],
    ["Host(`a.com`)", { host: "a.com." }, true],
    ["Host(`a.com.`)", { host: "a.com" }, true],
    ["Host(`a.com.`)", { host: "a.com." }, true],
    ["Host(`a.com`)", { host: "b.a.com" }, false],
    ["Host(`a.com`)", { host: "" }, false],
    ["Host(`[::1]`)", { host: "[::1]:80" }, true],
    ["Host(`*`)", { host: "" }, true],
    ["Host(`*.a.com`)", { host: "x.a.com" }, true],
    ["Host(`*.a.com`)", { host: "x.a.com." }, true],
    ["Host(`*.a.com`)", { host: "a.com" }, false],
    ["Host(`*.a.com`)", { host: ".a.com" }, false],
    ["Host(`*.a.com`)", { host: "y.x.a.com" }, false],
    ["HostRegexp(`^[a-z]+\\.com$`)", { host: "ABC.com" }, true],
    ["HostRegexp(`[A-Z]`)", { host: "ABC.com" }, false],
    ["HostRegexp(`com$`)", { host: "a.com." }, false],
    ["HostRegexp(`.*`)", { host: "" }, true],
    ["Path(`/a`)", { path: "/a" }, true],
    ["Path(`/a`)", { path: "/a/" }, false],
    ["Path(`/foo%20bar`)", { path: "/foo bar" }, true],
    ["Path(`/a/b`)", { path: "/a%2Fb" }, false],
    ["Path(`/a%2fb`)", { path: "/a%2Fb" }, true],
    ["PathPrefix(`/products`)", { path: "/products-for-sale" }, true],
    ["PathPrefix(`/products`)", { path: "/product" }, false],
    ["PathRegexp(`\\d`)", { path: "/a1" }, true],
    ["Method(`get`)", { method: "GET" }, true],
    ["Method(`get`)", { method: "get" }, false],
    ["Header(`x-a`, `b`)", { headers: { "X-A": "b" } }, true],
    ["Header(`X-A`, `B`)", { headers: { "X-A": "b" } }, false],
    ["Header(`X-A`, `c`)", { headers: { "X-A": "b, c" } }, true],
    ["Header(`X-A`, `b, c`)", { headers: { "X-A": "b, c" } }, true],
    ["Header(`X-A`, `c`)", { headers: { "X-A": "b,c" } }, false],
    ["Header(`Host`, `a.com`)", { host: "a.com", headers: { Host: "a.com" } }, false],
    ["!Header(`no name`, `a`)", {}, true],
    ["HeaderRegexp(`X-A`, `^c`)", { headers: { "X-A": "b, cd" } }, true],
    ["HeaderRegexp(`X-A`, `.*`)", {}, false],
    ["Query(`k`)", { query: "?k" }, true],
    ["Query(`k`)", { query: "?k=" }, true],
    ["Query(`k`)", { query: "?k=v" }, false],
    ["Query(`k`)", { query: "?kk" }, false],
    ["Query(`k`, `v w`)", { query: "?a=b&k=x&k=v+w" }, true],
    ["Query(`k`, `v`)", { query: "?a;k=%76" }, true],
    ["Query(`k`, `%zz`)", { query: "?k=%zz" }, true],
    ["QueryRegexp(`k`, `.*`)", { query: "?k" }, true],
    ["QueryRegexp(`k`, `.*`)", { query: "?l" }, false],
    ["ClientIP(`10.0.0.0/8`)", { address: "10.2.3.4" }, true],
    ["ClientIP(`10.0.0.0/8`)", { address: "::ffff:10.2.3.4" }, true],
    ["ClientIP(`::ffff:10.0.0.0/104`)", { address: "10.2.3.4" }, true],
    ["ClientIP(`10.0.0.0/8`)", { address: "11.0.0.1" }, false],
    ["ClientIP(`2001:db8::/32`)", { address: "2001:db8:1::1" }, true],
    ["ClientIP(`2001:db8::/32`)", { address: "10.0.0.1" }, false],
    ["ClientIP(`0.0.0.0/0`)", { address: "" }, false],
    ["!(Host(`a`) || Path(`/b`))", { host: "c", path: "/d" }, true],
    ["!(Host(`a`) || Path(`/b`))", { host: "a", path: "/d" }, false],
  ])("%s of %j: %s", (text, request, expected) => {
    expect(matches(parse(text), request)).toBe(expected);
  });
});

describe("v2 rules as written", () => {
  it.each<[string, Request, boolean]>([
    ["HostRegexp(`{sub:[a-z]+}.a.com`)", { host: "x.a.com" }, true],
    ["HostRegexp(`{sub:[a-z]+}.a.com`)", { host: "x.y.a.com" }, false],
    ["HostRegexp(`{sub:[A-Z]+}.a.com`)", { host: "x.a.com" }, true],
    ["Path(`/u/{id:[0-9]+}`)", { path: "/u/12" }, true],
    ["Path(`/u/{id:[0-9]+}`)", { path: "/u/12/x" }, false],
    ["PathPrefix(`/u/{id:[0-9]+}`)", { path: "/u/12/x" }, true],
    ["PathPrefix(`/u/{id:[0-9]+}`)", { path: "/v/u/12" }, false],
    ["Path(`/{a:x|y}z`)", { path: "/x" }, false],
    ["Query(`k=`)", { query: "?k=v" }, true],
    ["Query(`k=`)", { query: "?l=v" }, false],
  ])("%s of %j: %s", (text, request, expected) => {
    expect(matches(parse(text, "v2"), request)).toBe(expected);
  });
});

describe("Gateway API's leaves", () => {
  it.each<[Rule, Request, boolean]>([
    [{ type: "hostWildcard", suffix: "a.com", deep: true }, { host: "y.x.a.com" }, true],
    [{ type: "hostWildcard", suffix: "a.com", deep: true }, { host: "a.com" }, false],
    [{ type: "pathPrefix", path: "/a", segments: true }, { path: "/a" }, true],
    [{ type: "pathPrefix", path: "/a", segments: true }, { path: "/a/b" }, true],
    [{ type: "pathPrefix", path: "/a", segments: true }, { path: "/ab" }, false],
    [{ type: "pathPrefix", path: "/a/", segments: true }, { path: "/a" }, true],
    [{ type: "pathPrefix", path: "/", segments: true }, { path: "/x" }, true],
    [{ type: "and", rules: [] }, {}, true],
    [{ type: "or", rules: [] }, {}, false],
  ])("%j of %j: %s", (rule, request, expected) => {
    expect(matches(rule, request)).toBe(expected);
  });
});

it("throws for a pattern that parsing would have refused", () => {
  expect(() => compileRule({ type: "not", rule: { type: "pathRegexp", regexp: "(" } })).toThrow(RegexpError);
});
