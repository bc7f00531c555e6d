import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MiddlewareError } from "../../src/middleware/middleware-error.ts";
import { normalisePath } from "../../src/rule/routing-path.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import { build, run } from "./run-middleware.ts";

const through = async (options: Middleware, path: string) => run(options, { url: `http://a.com${path}` });

describe("addPrefix", () => {
  it.each([
    ["/foo", "/", "/foo/"],
    ["/foo", "/bar?q=1", "/foo/bar?q=1"],
    ["foo", "/bar", "/foo/bar"],
    ["/a b", "/c%20d", "/a%20b/c%20d"],
    ["/a%20b", "/", "/a%20b/"],
    ["/100%", "/", "/100%25/"],
    ["/é", "/", "/%C3%A9/"],
    ["/a%2fb?c#d", "/", "/a%2Fb%3Fc%23d/"],
  ])("%s before %s is %s", async (prefix, path, expected) => {
    const { origin } = await through({ type: "addPrefix", prefix }, path);
    expect(`${origin?.path}${origin?.query}`).toBe(expected);
  });
});

describe("stripPrefix", () => {
  it.each([
    [["/foo"], "/foo/bar", "/bar", "/foo"],
    [["/foo"], "/foobar", "/bar", "/foo"],
    [["/foo"], "/foo", "/", "/foo"],
    [["/foo/"], "/foo/bar", "/bar", "/foo/"],
    [["/b", "/a", "/a/b"], "/a/b/c", "/b/c", "/a"],
    [["/a b"], "/a%20b/c", "/c", "/a%20b"],
    [["/a%20b"], "/a%20b/c", "/c", "/a%20b"],
    [["/é"], "/%C3%A9/c%2Fd", "/c%2Fd", "/%C3%A9"],
    [["/a%2fb"], "/a%2Fb/c", "/c", "/a%2Fb"],
    [["/a/b"], "/a%2Fb/c", "/a%2Fb/c", undefined],
    [["/foo"], "/Foo/bar", "/Foo/bar", undefined],
    [["", "/foo"], "/foo/bar", "/bar", "/foo"],
    [[], "/foo", "/foo", undefined],
  ])("%j off %s is %s", async (prefixes, path, expected, forwarded) => {
    const { origin, assigned } = await through({ type: "stripPrefix", prefixes }, path);
    expect([origin?.path, origin?.headers["x-forwarded-prefix"]]).toEqual([expected, forwarded]);
    expect(assigned).toEqual(forwarded === undefined ? [] : ["x-forwarded-prefix"]);
  });

  it.each([
    ["/a", "/a../b"],
    ["/a", "/a./b"],
    ["/a/", "/a/..b/.."],
    ["/a", "/a//b"],
    ["/a", "/a.."],
  ])("%s off %s leaves a path that would be resolved once more: 400", async (prefix, path) => {
    const { origin, response } = await through({ type: "stripPrefix", prefixes: [prefix] }, path);
    expect([origin, response.status]).toEqual([undefined, 400]);
  });

  it.each([
    [false, "/foo"],
    [true, "/evil, /foo"],
  ])("a client that is trusted (%s) may send a prefix of its own", async (trusted, expected) => {
    const { origin } = await run(
      { type: "stripPrefix", prefixes: ["/foo"] },
      { url: "http://a.com/foo", headers: { "X-Forwarded-Prefix": "/evil" }, trusted },
    );
    expect(origin?.headers["x-forwarded-prefix"]).toBe(expected);
  });
});

describe("stripPrefixRegex", () => {
  it.each([
    [["/v[0-9]+"], "/v12/a", "/a", "/v12"],
    [["/v[0-9]+/"], "/v12/a", "/a", "/v12/"],
    [["/nope", " /v[0-9] "], "/v1", "/", "/v1"],
    [["^/a b"], "/a%20b/c", "/c", "/a%20b"],
    [["^/é+"], "/%C3%A9%C3%A9/c", "/c", "/%C3%A9%C3%A9"],
    [["^/a%2F"], "/a%2Fb", "/b", "/a%2F"],
    [["^/a%2"], "/a%2Fb", "/a%2Fb", undefined],
    [["/b"], "/a/b", "/a/b", undefined],
    [["x*"], "/a", "/a", undefined],
    [["/api/[a-z]+/", "/api"], "/api/1", "/1", "/api"],
  ])("%j off %s is %s", async (regex, path, expected, forwarded) => {
    const { origin } = await through({ type: "stripPrefixRegex", regex }, path);
    expect([origin?.path, origin?.headers["x-forwarded-prefix"]]).toEqual([expected, forwarded]);
  });

  it("leaves no path that would be resolved once more", async () => {
    const { origin, response } = await through({ type: "stripPrefixRegex", regex: ["^/[a-z]+"] }, "/a../b");
    expect([origin, response.status]).toEqual([undefined, 400]);
  });
});

describe("replacePath", () => {
  it.each([
    ["/foo", "/bar?q=1", "/foo?q=1", "/bar"],
    ["foo", "/a%20b", "/foo", "/a%20b"],
    ["/a b%", "/", "/a%20b%25", "/"],
  ])("%s for %s is %s", async (path, sent, expected, replaced) => {
    const { origin } = await through({ type: "replacePath", path }, sent);
    expect([`${origin?.path}${origin?.query}`, origin?.headers["x-replaced-path"]]).toEqual([expected, replaced]);
  });
});

describe("replacePathRegex", () => {
  it.each([
    ["^/foo/(.*)", "/bar/$1", "/foo/a/b", "/bar/a/b"],
    ["^/api/v(\\d+)/(.*)$", "/$2/v$1", "/api/v2/users", "/users/v2"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Go's templates look like it.
    ["^/(?P<who>[^/]+)", "/users/${who}", "/ann/x", "/users/ann/x"],
    [" ^/a ", " /b ", "/a", "/b"],
    ["^/a", "b", "/a", "/b"],
    ["^/q/(.*)", "/search?q=$1", "/q/x", "/search%3Fq=x"],
    ["^/a/(.*)", "/b/$1", "/a/%2e%2e%2F%20", "/b/..%2F%20"],
    ["_", "-", "/a_b_c", "/a-b-c"],
    ["^/(.*)", "//$1", "/a", "//a"],
    ["^/(.*)", "/é/$1", "/a", "/%C3%A9/a"],
    [".*", "/x", "/a", "/x"],
    ["^/x/(.*)", "/../$1", "/x/y", "/../y"],
  ])("%s to %s makes of %s %s", async (regex, replacement, path, expected) => {
    const { origin } = await through({ type: "replacePathRegex", regex, replacement }, path);
    expect([origin?.path, origin?.headers["x-replaced-path"]]).toEqual([expected, path]);
  });

  it("leaves what it does not match", async () => {
    const { origin } = await through({ type: "replacePathRegex", regex: "^/b", replacement: "/c" }, "/a");
    expect(origin).toMatchObject({ path: "/a", headers: {} });
  });

  it.each([
    ["^/a(.*)", "/b/$1", "/a../c"],
    ["^/a(.*)", "/b/$1", "/a.."],
    ["^/a(.*)-(.*)", "/b/.$1$2", "/a.-"],
  ])("%s to %s may not be climbed out of by %s", async (regex, replacement, path) => {
    const { origin, response } = await through({ type: "replacePathRegex", regex, replacement }, path);
    expect([origin, response.status]).toEqual([undefined, 400]);
  });

  it("refuses a path with more matches than anyone means", async () => {
    const { response } = await through(
      { type: "replacePathRegex", regex: "a", replacement: "b" },
      `/${"a".repeat(1001)}`,
    );
    expect(response.status).toBe(400);
  });
});

describe("urlRewrite", () => {
  it.each([
    ["/foo/bar", "/foo", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo", "/xyz/", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz/", "/xyz/bar"],
    ["/foo", "/foo", "/xyz", "/xyz"],
    ["/foo", "/foo", "/xyz/", "/xyz/"],
    ["/foo/", "/foo", "/xyz", "/xyz/"],
    ["/foo/bar", "/foo", "", "/bar"],
    ["/foo/", "/foo", "", "/"],
    ["/foo", "/foo", "", "/"],
    ["/foo/", "/foo", "/", "/"],
    ["/foo", "/foo", "/", "/"],
    ["/bar", "/", "/xyz", "/xyz/bar"],
    ["/", "/", "/xyz", "/xyz/"],
    ["/foobar", "/foo", "/xyz", "/foobar"],
    ["/a%20b/c", "/a b", "/x y", "/x%20y/c"],
  ])("of %s the prefix %s by %j is %s", async (path, from, to, expected) => {
    const { origin } = await through({ type: "urlRewrite", path: { type: "prefix", from, to } }, path);
    expect(origin?.path).toBe(expected);
  });

  it("replaces a whole path and the Host, each alone", async () => {
    const full = await through({ type: "urlRewrite", path: { type: "full", path: "x" } }, "/a?q=1");
    expect(full.origin).toMatchObject({ host: "a.com", path: "/x", query: "?q=1" });
    const host = await through({ type: "urlRewrite", hostname: "b.com" }, "/a");
    expect(host.origin).toMatchObject({ host: "b.com", path: "/a" });
  });
});

describe("options that cannot work are refused", () => {
  it.each<Middleware>([
    { type: "addPrefix", prefix: "" },
    { type: "stripPrefixRegex", regex: ["/ok", "("] },
    { type: "replacePathRegex", regex: "(?=a)", replacement: "" },
    { type: "replacePathRegex", regex: "(a)\\1", replacement: "" },
    { type: "urlRewrite", hostname: "a.com/b" },
    { type: "urlRewrite", hostname: "" },
  ])("%j", (options) => {
    expect(() => build(options)).toThrow(MiddlewareError);
  });
});

describe("laws", () => {
  const text = fc.oneof(fc.webPath(), fc.string({ unit: "binary" }), fc.stringMatching(/^[/.%a-z0-9?# ]*$/));
  const path = fc.oneof(fc.webPath(), text).map((raw) => normalisePath(`/${raw.replaceAll("#", "")}`)?.path ?? "/");

  it("a prefix that was added comes off again, however it is written", async () => {
    await fc.assert(
      fc.asyncProperty(text, path, async (raw, original) => {
        const prefix = `/${raw.replace(/\/$/, "")}`.replace(/^\/+$/, "/p");
        const added = (await through({ type: "addPrefix", prefix }, original)).origin?.path ?? "";
        const stripped = await through({ type: "stripPrefix", prefixes: [prefix] }, added);
        expect(stripped.origin?.path).toBe(original);
      }),
    );
  });

  it("whatever is written and asked, the path that is sent on is escaped and begins with a slash", async () => {
    const regex = fc.constantFrom("^/(.*)$", "[^/]+", ".", "(a|b)*", "$");
    const options = fc.oneof(
      text.filter((prefix) => prefix !== "").map((prefix): Middleware => ({ type: "addPrefix", prefix })),
      text.map((prefix): Middleware => ({ type: "stripPrefix", prefixes: [prefix] })),
      regex.map((pattern): Middleware => ({ type: "stripPrefixRegex", regex: [pattern] })),
      text.map((replacement): Middleware => ({ type: "replacePath", path: replacement })),
      fc.tuple(regex, text).map(
        ([pattern, replacement]): Middleware => ({
          type: "replacePathRegex",
          regex: pattern,
          replacement: `${replacement}$1`,
        }),
      ),
      fc
        .tuple(text, text)
        .map(([from, to]): Middleware => ({ type: "urlRewrite", path: { type: "prefix", from, to } })),
    );
    await fc.assert(
      fc.asyncProperty(options, path, async (middleware, original) => {
        const { origin, response } = await through(middleware, original);
        if (origin === undefined) expect(response.status).toBe(400);
        else expect(origin.path).toMatch(/^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]|%[0-9A-F]{2})*$/);
      }),
    );
  });
});
