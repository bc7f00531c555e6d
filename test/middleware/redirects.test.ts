import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MiddlewareError } from "../../src/middleware/middleware-error.ts";
import type { Middleware, MiddlewareOptions } from "../../src/table/middleware.ts";
import { build, run, type Sent } from "./run-middleware.ts";

/** Where a request is sent, or "passed on". */
async function redirect(options: Middleware, sent: Sent): Promise<string> {
  const { origin, response } = await run(options, sent);
  return origin === undefined ? `${response.status} ${response.headers.get("location")}` : "passed on";
}

const scheme = (options: Partial<MiddlewareOptions<"redirectScheme">> = {}): Middleware => ({
  type: "redirectScheme",
  scheme: "https",
  permanent: false,
  ...options,
});

const regex = (pattern: string, replacement: string, permanent = false): Middleware => ({
  type: "redirectRegex",
  regex: pattern,
  replacement,
  permanent,
});

describe("redirectScheme", () => {
  it.each([
    [scheme(), "http://a.com/x?y=1", "302 https://a.com/x?y=1"],
    [scheme(), "http://a.com:8080/", "302 https://a.com/"],
    [scheme({ port: "" }), "http://a.com:80/", "302 https://a.com/"],
    [scheme({ port: "443" }), "http://a.com/", "302 https://a.com/"],
    [scheme({ port: "8443" }), "http://a.com:80/", "302 https://a.com:8443/"],
    [scheme({ scheme: "HTTPS" }), "http://a.com/", "302 https://a.com/"],
    [scheme({ scheme: "http", port: "80" }), "https://a.com/", "302 http://a.com/"],
    [scheme(), "http://[::1]:80/", "302 https://[::1]/"],
    [scheme(), "https://a.com/", "passed on"],
    [scheme(), "https://a.com:8443/", "passed on"],
    [scheme({ port: "443" }), "https://a.com/", "passed on"],
    [scheme({ port: "443" }), "https://a.com:443/", "passed on"],
    [scheme({ port: "8443" }), "https://a.com:8443/", "passed on"],
    [scheme({ port: "8443" }), "https://a.com/", "302 https://a.com:8443/"],
    [scheme(), "http://a.com@evil.com/", "400 null"],
    [scheme(), "http:///x", "400 null"],
  ])("%j of %s: %s", async (options, url, expected) => {
    expect(await redirect(options, { url })).toBe(expected);
  });

  it.each([
    ["http", "https", true, "passed on"],
    ["http", "wss", true, "passed on"],
    ["http", "HTTPS", true, "passed on"],
    ["https", "http", true, "302 https://a.com/"],
    ["https", "ws", true, "302 https://a.com/"],
    ["https", "gopher", true, "passed on"],
    ["http", "https", false, "302 https://a.com/"],
    ["https", "http", false, "passed on"],
  ])("%s with X-Forwarded-Proto %s from a client trusted %s: %s", async (own, proto, trusted, expected) => {
    const sent = { url: `${own}://a.com/`, headers: { "X-Forwarded-Proto": proto }, trusted };
    expect(await redirect(scheme(), sent)).toBe(expected);
  });

  it.each([
    ["GET", false, 302],
    ["GET", true, 301],
    ["HEAD", false, 307],
    ["POST", false, 307],
    ["POST", true, 308],
    ["DELETE", true, 308],
  ])("%s, permanent %s: %i", async (method, permanent, status) => {
    const { response } = await run(scheme({ permanent }), { method });
    expect(response.status).toBe(status);
  });
});

describe("redirectRegex", () => {
  it.each([
    [regex("^https?://a\\.com/(.*)", "https://b.com/$1"), "http://a.com/x?y=1", "302 https://b.com/x?y=1"],
    [regex("^https://www\\.(.*)", "https://$1", true), "https://www.a.com/x", "301 https://a.com/x"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Go's templates look like it.
    [regex("^http://(.+)$", "https://${1}"), "http://a.com:8080/x", "302 https://a.com:8080/x"],
    [regex("a\\.com", "b.com"), "http://a.com/a.com", "302 http://b.com/b.com"],
    [regex("^http://a\\.com/(.*)", "/new/$1"), "http://a.com/x", "302 /new/x"],
    [regex("^http:(.*)", "$1"), "http://a.com/x", "302 //a.com/x"],
    [regex("^http://a.com/", "https://a.com/é |"), "http://a.com/", "302 https://a.com/%C3%A9%20%7C"],
    [regex("^https://", "http://"), "http://a.com/", "passed on"],
    [regex("^(.*)$", "$1"), "http://a.com/", "passed on"],
  ])("%j of %s: %s", async (options, url, expected) => {
    expect(await redirect(options, { url })).toBe(expected);
  });

  it.each([
    [regex("^.*\\?next=(.*)$", "/$1"), "http://a.com/?next=/evil.com", "302 /evil.com"],
    [regex("^.*\\?next=(.*)$", "/$1"), "http://a.com/?next=\\evil.com", "302 /evil.com"],
    [regex("^.*\\?next=(.*)$", "/$1"), "http://a.com/?next=\t/evil.com", "302 /%09/evil.com"],
    [regex("^.*\\?next=(?s:(.*))$", "/$1"), "http://a.com/?next=x\r\nSet-Cookie:a", "302 /x%0D%0ASet-Cookie:a"],
    [regex("a", "b"), `http://a.com/${"a".repeat(1001)}`, "400 null"],
  ])("%j does not let %s choose another host or header", async (options, url, expected) => {
    expect(await redirect(options, { url })).toBe(expected);
  });

  it("looks at the entry point's scheme alone", async () => {
    const sent = { url: "http://a.com/", headers: { "X-Forwarded-Proto": "https" }, trusted: true };
    expect(await redirect(regex("^http://", "https://"), sent)).toBe("302 https://a.com/");
  });
});

describe("requestRedirect", () => {
  const to = (options: Partial<MiddlewareOptions<"requestRedirect">>): Middleware => ({
    type: "requestRedirect",
    statusCode: 302,
    ...options,
  });

  it.each([
    [{ scheme: "https" }, "http://a.com:8080/x?y", "302 https://a.com/x?y"],
    [{ scheme: "https", port: 8443 }, "http://a.com/", "302 https://a.com:8443/"],
    [{ scheme: "https", port: 443 }, "http://a.com/", "302 https://a.com/"],
    [{ scheme: "http", port: 443 }, "http://a.com/", "302 http://a.com:443/"],
    [{ hostname: "b.com" }, "http://a.com:8080/x", "302 http://b.com:8080/x"],
    [{ hostname: "b.com", statusCode: 301 }, "https://a.com:443/x", "301 https://b.com/x"],
    [{ port: 80 }, "http://a.com:8080/", "302 http://a.com/"],
    [{ path: { type: "full", path: "/p q" }, statusCode: 303 }, "http://a.com/x?y", "303 http://a.com/p%20q?y"],
    [{ path: { type: "prefix", from: "/a", to: "/b" }, statusCode: 308 }, "http://a.com/a/x", "308 http://a.com/b/x"],
    [{ hostname: "b.com" }, "http://x@y/", "400 null"],
  ] as const)("%j of %s: %s", async (options, url, expected) => {
    expect(await redirect(to(options), { url })).toBe(expected);
  });
});

describe("options that cannot work are refused", () => {
  it.each<Middleware>([
    scheme({ scheme: "" }),
    scheme({ scheme: "https://" }),
    scheme({ port: "http" }),
    scheme({ port: "8443/" }),
    regex("(", "x"),
    regex("(?!a)", "x"),
    { type: "requestRedirect", statusCode: 200 },
    { type: "requestRedirect", statusCode: 302, scheme: "javascript" },
    { type: "requestRedirect", statusCode: 302, hostname: "evil.com/x" },
    { type: "requestRedirect", statusCode: 302, hostname: "a.com\r\nX: y" },
  ])("%j", (options) => {
    expect(() => build(options)).toThrow(MiddlewareError);
  });
});

describe("laws", () => {
  const anything = fc.oneof(fc.string({ unit: "binary" }), fc.webPath(), fc.stringMatching(/^[/\\.?@:#a-z\t\r\n]*$/));

  it("whatever a client sends, Location is printable ASCII and a path stays a path of this host", async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        const { response } = await run(regex("^[^?]*\\?next=(?s:(.*))$", "/$1"), { url: `http://a.com/?next=${text}` });
        const location = response.headers.get("location") ?? "/";
        expect(location).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
        expect(new URL(location, "http://a.com").host).toBe("a.com");
      }),
    );
  });

  it("whatever the Host, a redirect leads to the name that it says, or there is none", async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (host) => {
        const { response } = await run(scheme(), { url: `http://${host.replace(/[/?]/g, "")}@evil.com/` });
        expect(response.status).toBe(400);
      }),
    );
  });
});
