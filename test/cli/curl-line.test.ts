import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callPath, curlLine, grpcLine } from "../../cli/print/curl-line.ts";
import { type ExampleRequest, exampleRequest } from "../../cli/print/example-request.ts";
import { sampleRegexp } from "../../cli/print/sample-regexp.ts";
import type { Rule } from "../../src/table/rule.ts";

const listener = { host: "127.0.0.1", port: 8787 };
const request = (overrides: Partial<ExampleRequest> = {}): ExampleRequest => ({
  host: undefined,
  path: undefined,
  method: undefined,
  headers: [],
  query: [],
  ...overrides,
});

describe("curlLine", () => {
  it.each([
    [request(), false, "curl http://127.0.0.1:8787/"],
    [
      request({ host: "myapp.test.com", path: "/api" }),
      false,
      "curl -H 'Host: myapp.test.com' http://127.0.0.1:8787/api",
    ],
    [
      request({ host: "a.example.com" }),
      true,
      "curl -k --resolve a.example.com:8787:127.0.0.1 https://a.example.com:8787/",
    ],
    [request(), true, "curl -k https://127.0.0.1:8787/"],
    [request({ method: "GET" }), false, "curl http://127.0.0.1:8787/"],
    [request({ method: "HEAD" }), false, "curl -I http://127.0.0.1:8787/"],
    [
      request({ method: "POST", headers: [["X-A", "it's"]] }),
      false,
      "curl -X POST -H 'X-A: it'\\''s' http://127.0.0.1:8787/",
    ],
    [
      request({
        query: [
          ["a", "1 2"],
          ["b", ""],
        ],
      }),
      false,
      "curl 'http://127.0.0.1:8787/?a=1%202&b'",
    ],
    [request({ path: "/foo bar/ü%2F" }), false, "curl http://127.0.0.1:8787/foo%20bar/%C3%BC%2F"],
    [request({ path: "/[x]" }), false, "curl -g 'http://127.0.0.1:8787/[x]'"],
  ])("%#", (given, tls, line) => {
    expect(curlLine(given, listener, tls)).toBe(line);
  });

  it("puts IPv6 hosts in brackets", () => {
    expect(curlLine(request(), { host: "::1", port: 80 }, false)).toBe("curl 'http://[::1]:80/'");
  });
});

describe("grpcLine", () => {
  it("makes a call with an empty message", () => {
    const call = request({ host: "a.example.com", path: "/example.Echo/Say" });
    const common = "-H 'Content-Type: application/grpc' -H 'TE: trailers'";
    expect(grpcLine(call, listener, false)).toBe(
      `printf '\\0\\0\\0\\0\\0' | curl -sS -D - -o /dev/null --data-binary @- --http2-prior-knowledge ${common} -H 'Host: a.example.com' http://127.0.0.1:8787/example.Echo/Say`,
    );
    expect(grpcLine(call, listener, true)).toBe(
      `printf '\\0\\0\\0\\0\\0' | curl -sS -D - -o /dev/null --data-binary @- --http2 ${common} -k --resolve a.example.com:8787:127.0.0.1 https://a.example.com:8787/example.Echo/Say`,
    );
  });

  it.each([
    [undefined, "/package.Service/Method"],
    ["/", "/package.Service/Method"],
    ["/example.Echo", "/example.Echo/Method"],
    ["/example.Echo/", "/example.Echo/Method"],
    ["/example.Echo/Say", "/example.Echo/Say"],
  ])("makes a call of the path %s", (path, expected) => {
    expect(callPath(path)).toBe(expected);
  });
});

describe("exampleRequest", () => {
  const first = (rule: Rule) => exampleRequest(rule, () => true);
  it.each<[string, Rule, Partial<ExampleRequest>]>([
    ["any", { type: "any" }, {}],
    [
      "and",
      {
        type: "and",
        rules: [
          { type: "host", host: "a.b" },
          { type: "pathPrefix", path: "/p" },
          { type: "method", method: "PUT" },
          { type: "header", name: "X-A", value: "1" },
          { type: "query", key: "q", value: "" },
          { type: "not", rule: { type: "path", path: "/x" } },
          { type: "clientIp", cidr: "127.0.0.0/8" },
        ],
      },
      { host: "a.b", path: "/p", method: "PUT", headers: [["X-A", "1"]], query: [["q", ""]] },
    ],
    ["wildcard", { type: "hostWildcard", suffix: "example.com" }, { host: "www.example.com" }],
    ["host regexp", { type: "hostRegexp", regexp: "^[a-z]+\\.example\\.com$" }, { host: "a.example.com" }],
    ["path regexp", { type: "pathRegexp", regexp: "users/\\d{3}" }, { path: "/users/111" }],
    [
      "two paths",
      {
        type: "and",
        rules: [
          { type: "pathPrefix", path: "/a" },
          { type: "path", path: "/a/b" },
        ],
      },
      { path: "/a/b" },
    ],
  ])("%s", (_, rule, expected) => {
    expect(first(rule)).toEqual(request(expected));
  });

  it("takes the next alternative when the first does not match", () => {
    const rule: Rule = {
      type: "and",
      rules: [
        {
          type: "or",
          rules: [
            { type: "host", host: "a" },
            { type: "host", host: "b" },
          ],
        },
        { type: "not", rule: { type: "host", host: "a" } },
      ],
    };
    expect(exampleRequest(rule, ({ host }) => host !== "a")?.host).toBe("b");
  });

  it("has none where nothing that it tries matches", () => {
    expect(exampleRequest({ type: "any" }, () => false)).toBeUndefined();
    expect(
      first({
        type: "and",
        rules: [
          { type: "host", host: "a" },
          { type: "host", host: "b" },
        ],
      }),
    ).toBeUndefined();
  });

  it("stays bounded for a product of alternatives", () => {
    const or: Rule = {
      type: "or",
      rules: Array.from({ length: 40 }, (_, i) => ({ type: "header", name: "X", value: `${i}` })),
    };
    let tries = 0;
    exampleRequest({ type: "and", rules: Array.from({ length: 40 }, () => or) }, () => {
      tries++;
      return false;
    });
    expect(tries).toBeLessThanOrEqual(16);
  });
});

describe("sampleRegexp", () => {
  it.each([
    "^/users/[0-9]+$",
    "(?:foo|bar)-(?P<id>\\w+)",
    "^api\\.(?:v1|v2)\\.example\\.com$",
    "[[:alpha:]]{2,4}x?",
    "[^a-z/]+",
    "a*?b+?",
    "^/a(/.*)?$",
  ])("%s", (expression) => {
    const native = new RegExp(expression.replace("?P<", "?<").replace("[[:alpha:]]", "[a-zA-Z]"));
    expect(sampleRegexp(expression)).toMatch(native);
  });

  it.each(["(", "a)", "[a", "\\p{L}", "\\1"])("gives up on %s", (expression) => {
    expect(sampleRegexp(expression)).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: fc.constantFrom(..."()[]{}|\\?*+^$.a1,") }), (a, b) => {
        sampleRegexp(a);
        sampleRegexp(b);
      }),
    );
  });
});
