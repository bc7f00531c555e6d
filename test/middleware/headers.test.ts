import { describe, expect, it } from "vitest";
import { MiddlewareError } from "../../src/middleware/middleware-error.ts";
import type { Middleware, MiddlewareOptions } from "../../src/table/middleware.ts";
import { build, run, type Sent } from "./run-middleware.ts";

type Options = Omit<MiddlewareOptions<"headers">, "type">;
const headers = (options: Options): Middleware => ({ type: "headers", ...options });

/** The headers of the answer to a request, without those of the origin's text. */
async function answerHeaders(options: Options, sent: Sent = {}, origin: Record<string, string> = {}) {
  const { response } = await run(headers(options), sent, () => new Response(null, { headers: origin }));
  return Object.fromEntries(response.headers);
}

describe("custom headers", () => {
  it("sets them, deletes those with an empty value, and takes Host for the name that the origin is asked by", async () => {
    const { origin } = await run(
      headers({ customRequestHeaders: { "X-Set": "new", "X-Gone": "", "X-Absent": "", host: "b.com", Host: "b.com" } }),
      { headers: { "X-Set": "old", "X-Gone": "1", "X-Kept": "2" } },
    );
    expect(origin).toMatchObject({ host: "b.com", headers: { "x-set": "new", "x-kept": "2" } });
    expect(Object.keys(origin?.headers ?? {})).toEqual(["x-kept", "x-set"]);
  });

  it("sends the origin X-Forwarded-* that are set here, whoever the client is", async () => {
    const { assigned, origin } = await run(headers({ customRequestHeaders: { "X-Forwarded-Proto": "https" } }), {
      headers: { "X-Forwarded-Proto": "ftp" },
    });
    expect([assigned, origin?.headers["x-forwarded-proto"]]).toEqual([["x-forwarded-proto"], "https"]);
  });

  it("keeps those from the origin that are deleted here and that it would get else", async () => {
    const customRequestHeaders = { "X-Real-Ip": "", "X-Forwarded-Host": "", "X-Other": "" };
    const { assigned } = await run(headers({ customRequestHeaders }), { headers: { "X-Real-Ip": "192.0.2.1" } });
    expect(assigned).toEqual(["x-real-ip", "x-forwarded-host"]);
  });

  it("sets and deletes those of the answer", async () => {
    const options = { customResponseHeaders: { "X-Set": "new", Server: "", "X-Absent": "" } };
    expect(await answerHeaders(options, {}, { "X-Set": "old", Server: "s", "X-Kept": "1" })).toEqual({
      "x-set": "new",
      "x-kept": "1",
    });
  });

  it("passes the answer itself on when nothing in it is to be edited", async () => {
    const answer = new Response("origin");
    const { response } = await run(headers({ customRequestHeaders: { A: "1" } }), {}, () => answer);
    expect(response).toBe(answer);
  });

  it("without any option changes nothing", async () => {
    const answer = new Response("origin");
    const { origin, response } = await run(headers({}), {}, () => answer);
    expect([origin?.headers, response]).toEqual([{}, answer]);
  });
});

describe("CORS", () => {
  const preflight = { method: "OPTIONS", headers: { Origin: "http://b.com", "Access-Control-Request-Method": "PUT" } };
  const everything: Options = {
    accessControlAllowCredentials: true,
    accessControlAllowHeaders: ["X-A", "X-B"],
    accessControlAllowMethods: ["GET", "PUT"],
    accessControlAllowOriginList: ["http://b.com"],
    accessControlExposeHeaders: ["X-C", "X-D"],
    accessControlMaxAge: 100,
    addVaryHeader: true,
    customRequestHeaders: { A: "1" },
    customResponseHeaders: { "X-Custom": "1" },
    allowedHosts: ["other.com"],
  };

  it("answers a preflight itself", async () => {
    const { origin, response } = await run(headers(everything), preflight);
    expect([origin, response.status, Object.fromEntries(response.headers)]).toEqual([
      undefined,
      200,
      {
        "access-control-allow-credentials": "true",
        "access-control-allow-headers": "X-A,X-B",
        "access-control-allow-methods": "GET,PUT",
        "access-control-allow-origin": "http://b.com",
        "access-control-max-age": "100",
        vary: "Origin",
      },
    ]);
  });

  it("gives a foreign origin an answer to its preflight that allows it nothing", async () => {
    const sent = { ...preflight, headers: { ...preflight.headers, Origin: "http://c.com" } };
    const { response } = await run(headers(everything), sent);
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, null]);
  });

  it.each([
    ["OPTIONS without Origin", everything, { method: "OPTIONS", headers: { "Access-Control-Request-Method": "PUT" } }],
    ["OPTIONS without a method", everything, { method: "OPTIONS", headers: { Origin: "http://b.com" } }],
    ["GET", everything, { ...preflight, method: "GET" }],
    ["a preflight where CORS is not configured", { customRequestHeaders: { A: "1" } }, preflight],
  ] as [string, Options, Sent][])("passes on %s", async (_, options, sent) => {
    const { origin } = await run(headers({ ...options, allowedHosts: [] }), sent);
    expect(origin).toBeDefined();
  });

  it("tells the browser on every answer, over what the origin and custom headers say", async () => {
    const options = { ...everything, customResponseHeaders: { "Access-Control-Allow-Origin": "*" }, allowedHosts: [] };
    const sent = { headers: { Origin: "http://b.com" } };
    expect(await answerHeaders(options, sent, { "Access-Control-Allow-Origin": "null" })).toEqual({
      "access-control-allow-credentials": "true",
      "access-control-allow-origin": "http://b.com",
      "access-control-expose-headers": "X-C,X-D",
      vary: "Origin",
    });
  });

  it.each([
    [{ accessControlAllowOriginList: ["*"] }, "http://b.com", "*"],
    [{ accessControlAllowOriginList: ["*"] }, undefined, "*"],
    [{ accessControlAllowOriginList: ["http://b.com", "*"] }, "http://b.com", "http://b.com"],
    [{ accessControlAllowOriginList: ["*"], accessControlAllowCredentials: true }, "http://b.com", "*"],
    [{ accessControlAllowOriginList: ["http://b.com"] }, "http://B.com", undefined],
    [{ accessControlAllowOriginList: ["http://b.com"] }, undefined, undefined],
    [{ accessControlAllowOriginListRegex: ["^http://[a-z]+\\.com$"] }, "http://b.com", "http://b.com"],
    [{ accessControlAllowOriginListRegex: ["^http://[a-z]+\\.com$"] }, "http://b.com.evil.org", undefined],
    [{ accessControlAllowOriginListRegex: [".*"], accessControlAllowCredentials: true }, "http://x.y", "http://x.y"],
    [{ accessControlAllowOriginListRegex: [".*"] }, undefined, undefined],
    [{ accessControlExposeHeaders: ["A"] }, "http://b.com", undefined],
  ])("%j allows %s: %s", async (options, origin, allowed) => {
    const answer = await answerHeaders(options, origin === undefined ? {} : { headers: { Origin: origin } });
    expect(answer["access-control-allow-origin"]).toBe(allowed);
  });

  it.each([
    [undefined, "Origin"],
    ["Accept", "Accept, Origin"],
    ["Origin", "Origin"],
    ["accept,ORIGIN", "accept,ORIGIN"],
    ["*", "*"],
    ["X-Origin", "X-Origin, Origin"],
  ])("of Vary %s makes %s", async (before, after) => {
    const answer = await answerHeaders({ addVaryHeader: true }, {}, before === undefined ? {} : { Vary: before });
    expect(answer.vary).toBe(after);
  });
});

describe("what guards browsers", () => {
  it.each<[Options, Record<string, string>]>([
    [{ frameDeny: true }, { "x-frame-options": "DENY" }],
    [{ frameDeny: true, customFrameOptionsValue: "SAMEORIGIN" }, { "x-frame-options": "SAMEORIGIN" }],
    [{ contentTypeNosniff: true }, { "x-content-type-options": "nosniff" }],
    [{ browserXssFilter: true }, { "x-xss-protection": "1; mode=block" }],
    [{ browserXssFilter: true, customBrowserXSSValue: "0" }, { "x-xss-protection": "0" }],
    [{ contentSecurityPolicy: "default-src 'self'" }, { "content-security-policy": "default-src 'self'" }],
    [{ contentSecurityPolicyReportOnly: "x" }, { "content-security-policy-report-only": "x" }],
    [{ referrerPolicy: "no-referrer" }, { "referrer-policy": "no-referrer" }],
    [{ permissionsPolicy: "a=()" }, { "permissions-policy": "a=()" }],
    [{ featurePolicy: "vibrate 'none'" }, { "feature-policy": "vibrate 'none'" }],
    [{ frameDeny: false, contentSecurityPolicy: "", referrerPolicy: "" }, {}],
    [{ stsSeconds: 10 }, {}],
    [{ publicKey: "pin" }, {}],
    [{ stsSeconds: 10, forceSTSHeader: true }, { "strict-transport-security": "max-age=10" }],
    [{ stsSeconds: 10, forceSTSHeader: true, isDevelopment: true }, {}],
    [{ stsSeconds: 0, forceSTSHeader: true }, {}],
  ])("%j over plain HTTP sets %j", async (options, expected) => {
    expect(await answerHeaders(options)).toEqual(expected);
  });

  it.each<[Options, Record<string, string>]>([
    [{ stsSeconds: 10 }, { "strict-transport-security": "max-age=10" }],
    [
      { stsSeconds: 10, stsIncludeSubdomains: true, stsPreload: true },
      { "strict-transport-security": "max-age=10; includeSubDomains; preload" },
    ],
    [{ stsSeconds: 10, isDevelopment: true }, {}],
    [{ publicKey: "pin" }, { "public-key-pins": "pin" }],
  ])("%j over TLS sets %j", async (options, expected) => {
    expect(await answerHeaders(options, { url: "https://a.com/" })).toEqual(expected);
  });

  it("goes before what is set by hand", async () => {
    const options = { frameDeny: true, contentTypeNosniff: true };
    const custom = { customResponseHeaders: { "X-Frame-Options": "", "X-Content-Type-Options": "x" } };
    expect(await answerHeaders({ ...options, ...custom })).toEqual({ "x-content-type-options": "x" });
  });

  it.each([
    [true, "max-age=10"],
    [false, undefined],
  ])("believes a proxy's word of TLS if it is trusted: %s", async (trusted, expected) => {
    const options = { stsSeconds: 10, sslProxyHeaders: { "X-Forwarded-Proto": "https" } };
    const answer = await answerHeaders(options, { headers: { "X-Forwarded-Proto": "https" }, trusted });
    expect(answer["strict-transport-security"]).toBe(expected);
  });

  it.each([
    ["http://s.com", "https://s.com"],
    ["http://s.com/x", "https://s.com/x"],
    ["http://s.com.evil.org/", "http://s.com.evil.org/"],
    ["/x", "/x"],
  ])("of the origin's Location %s on the TLS host makes %s", async (location, expected) => {
    const answer = await answerHeaders({ sslHost: "s.com" }, { url: "https://s.com/" }, { Location: location });
    expect(answer.location).toBe(expected);
  });
});

describe("what may not pass", () => {
  it.each<[Options, Sent, string]>([
    [{ allowedHosts: ["a.com"] }, {}, "origin"],
    [{ allowedHosts: ["A.com", "b.com"] }, { url: "http://B.com/" }, "origin"],
    [{ allowedHosts: ["a.com"] }, { url: "http://a.com:81/" }, "500 null"],
    [{ allowedHosts: ["b.com"] }, {}, "500 null"],
    [{ allowedHosts: ["b.com"], isDevelopment: true }, {}, "origin"],
    [{ allowedHosts: ["b.com"], customRequestHeaders: { Host: "b.com" } }, {}, "origin"],
    [{ sslRedirect: true }, { url: "http://a.com:8080/x?y" }, "301 https://a.com/x?y"],
    [{ sslRedirect: true }, { method: "POST" }, "308 https://a.com/"],
    [{ sslRedirect: true, sslTemporaryRedirect: true }, {}, "307 https://a.com/"],
    [{ sslRedirect: true, sslTemporaryRedirect: true }, { method: "PUT" }, "307 https://a.com/"],
    [{ sslRedirect: true, sslHost: "s.com:8443" }, {}, "301 https://s.com:8443/"],
    [{ sslRedirect: true, isDevelopment: true }, {}, "origin"],
    [{ sslRedirect: true }, { url: "https://a.com/" }, "origin"],
    [{ sslRedirect: true, sslHost: "s.com" }, { url: "https://a.com/" }, "origin"],
    [{ sslForceHost: true, sslHost: "s.com" }, { url: "https://a.com/" }, "301 https://s.com/"],
    [{ sslForceHost: true, sslHost: "s.com" }, { url: "https://S.com/" }, "origin"],
    [{ sslForceHost: true }, { url: "https://a.com/" }, "origin"],
    [{ sslRedirect: true }, { url: "http://x@evil.com/" }, "400 null"],
  ])("%j and %j: %s", async (options, sent, expected) => {
    const { origin, response } = await run(headers(options), sent);
    expect(origin === undefined ? `${response.status} ${response.headers.get("location")}` : "origin").toBe(expected);
  });

  it.each([
    [true, "origin"],
    [false, "500"],
  ])("a proxy's word of the host and of TLS counts if it is trusted: %s", async (trusted, expected) => {
    const options: Options = {
      allowedHosts: ["b.com"],
      hostsProxyHeaders: ["X-Absent", "X-Host"],
      sslRedirect: true,
      sslProxyHeaders: { "X-Forwarded-Proto": "https" },
    };
    const sent = { headers: { "X-Host": "b.com", "X-Forwarded-Proto": "https" }, trusted };
    const { origin, response } = await run(headers(options), sent);
    expect(origin === undefined ? String(response.status) : "origin").toBe(expected);
  });

  it("still gets custom headers, but not those that guard an answer of the origin", async () => {
    const { response } = await run(
      headers({ sslRedirect: true, frameDeny: true, customResponseHeaders: { "X-A": "1" } }),
      {},
    );
    expect([response.headers.get("x-a"), response.headers.get("x-frame-options")]).toEqual(["1", null]);
  });
});

describe("options that cannot work are refused", () => {
  const forged = "a\r\nSet-Cookie: b=1";
  it.each<Options>([
    { customRequestHeaders: { "X-A": forged } },
    { customRequestHeaders: { "X A": "1" } },
    { customRequestHeaders: { Host: "a b" } },
    { customResponseHeaders: { "X-A": forged } },
    { customResponseHeaders: { "": "1" } },
    { customResponseHeaders: { "X-A\r\nX-B": "1" } },
    { accessControlAllowHeaders: [forged] },
    { accessControlAllowMethods: ["GET\n"] },
    { accessControlExposeHeaders: [forged] },
    { accessControlAllowOriginList: [forged] },
    { accessControlAllowOriginListRegex: ["("] },
    { hostsProxyHeaders: ["X A"] },
    { sslProxyHeaders: { "X A": "https" } },
    { sslHost: "a.com/b" },
    { customFrameOptionsValue: forged },
    { customBrowserXSSValue: forged },
    { contentSecurityPolicy: forged },
    { contentSecurityPolicyReportOnly: forged },
    { publicKey: forged },
    { referrerPolicy: forged },
    { permissionsPolicy: forged },
    { featurePolicy: forged },
  ])("%j", (options) => {
    expect(() => build(headers(options))).toThrow(MiddlewareError);
  });
});
