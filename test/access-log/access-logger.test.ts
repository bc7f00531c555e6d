import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccessData } from "../../src/access-log/access-data.ts";
import { accessLogger } from "../../src/access-log/access-logger.ts";
import type { AccessLog } from "../../src/table/access-log.ts";
import { accessData, settings } from "./access-data.ts";

const lineOf = (changes: Partial<AccessLog> = {}, data: Partial<AccessData> = {}): string | undefined =>
  accessLogger(settings(changes))(accessData(data));
const fieldsOf = (changes: Partial<AccessLog> = {}, data: Partial<AccessData> = {}): Record<string, unknown> =>
  JSON.parse(lineOf(changes, data) ?? "{}");

describe("JSON", () => {
  it("has Traefik's fields", () => {
    expect(fieldsOf()).toEqual({
      StartUTC: "2026-11-21T13:45:58.123Z",
      StartLocal: "2026-11-21T13:45:58.123Z",
      Duration: 12_000_000,
      entryPointName: "web",
      RouterName: "default-app@kubernetescrd",
      ServiceName: "default-app-80",
      ServiceURL: "http://10.0.0.1:8080",
      ServiceAddr: "10.0.0.1:8080",
      ClientAddr: "192.0.2.7",
      ClientHost: "192.0.2.7",
      ClientPort: "-",
      ClientUsername: "-",
      RequestAddr: "app.example.com:8080",
      RequestHost: "app.example.com",
      RequestPort: "8080",
      RequestMethod: "GET",
      RequestPath: "/users?page=2",
      RequestProtocol: "HTTP/1.1",
      RequestScheme: "http",
      RequestContentSize: 0,
      OriginDuration: 10_000_000,
      OriginStatus: 200,
      OriginContentSize: 42,
      Overhead: 2_000_000,
      DownstreamStatus: 200,
      DownstreamContentSize: 42,
      RequestCount: 7,
      RetryAttempts: 0,
      level: "info",
      msg: "",
      time: "2026-11-21T13:45:58.135Z",
    });
  });

  it("names the routers that a request went by", () => {
    const record = {
      branch: "default-low@kubernetescrd",
      origin: undefined,
      user: undefined,
      retries: 0,
      pod: undefined,
    };
    expect(fieldsOf({}, { record }).RouterName).toBe("default-app@kubernetescrd -> default-low@kubernetescrd");
  });

  it("leaves out what there was not", () => {
    const record = { origin: undefined, user: undefined, retries: 0, pod: undefined };
    const fields = fieldsOf({}, { router: undefined, record, status: 404, responseBytes: undefined });
    for (const name of ["RouterName", "ServiceName", "ServiceURL", "OriginStatus", "OriginDuration", "TLSVersion"]) {
      expect(fields).not.toHaveProperty(name);
    }
    expect(fields).toMatchObject({ DownstreamStatus: 404, Overhead: 12_000_000 });
  });

  it.each<[string, Partial<AccessData>, Record<string, unknown>]>([
    [
      "TLS",
      { scheme: "https", tls: { version: "1.3", cipher: "AEAD-AES128-GCM-SHA256", clientSubject: "CN=ann" } },
      { TLSVersion: "1.3", TLSCipher: "AEAD-AES128-GCM-SHA256", TLSClientSubject: "CN=ann", RequestScheme: "https" },
    ],
    ["an IPv6 host", { authority: "[::1]:80" }, { RequestAddr: "[::1]:80", RequestHost: "::1", RequestPort: "80" }],
    ["a host without a port", { authority: "a.example" }, { RequestHost: "a.example", RequestPort: "-" }],
    [
      "X-Forwarded-For of a trusted client",
      { isTrusted: true, requestHeaders: new Headers({ "x-forwarded-for": "198.51.100.1" }) },
      { ClientHost: "198.51.100.1", ClientAddr: "192.0.2.7" },
    ],
    [
      "X-Forwarded-For of anybody else",
      { requestHeaders: new Headers({ "x-forwarded-for": "198.51.100.1" }) },
      { ClientHost: "192.0.2.7" },
    ],
    [
      "who logged in, and a retry",
      { record: { origin: undefined, user: "ann", retries: 2, pod: undefined } },
      { ClientUsername: "ann", RetryAttempts: 2 },
    ],
    ["a body", { requestHeaders: new Headers({ "content-length": "9" }) }, { RequestContentSize: 9 }],
    ["what one program adds", { extra: { GrpcStatus: 14 } }, { GrpcStatus: 14 }],
  ])("tells of %s", (_, data, expected) => {
    expect(fieldsOf({}, data)).toMatchObject(expected);
  });
});

describe("fields", () => {
  it.each<[string, AccessLog["fields"], Record<string, unknown>, string[]]>([
    ["drop one", { default: "keep", names: { clientaddr: "drop" } }, { RequestMethod: "GET" }, ["ClientAddr"]],
    ["keep one", { default: "drop", names: { requestmethod: "keep" } }, { RequestMethod: "GET" }, ["ClientAddr"]],
    [
      "redact one",
      { default: "drop", names: { requestpath: "redact", grpcstatus: "redact" } },
      { RequestPath: "REDACTED", GrpcStatus: "REDACTED" },
      ["ClientAddr"],
    ],
    ["redact all", { default: "redact", names: {} }, { RequestPath: "REDACTED", Duration: "REDACTED" }, ["TLSVersion"]],
    ["a name of Object's", { default: "keep", names: { constructor: "drop" as const } }, { RequestMethod: "GET" }, []],
  ])("%s", (_, fields, expected, absent) => {
    const read = fieldsOf({ fields }, { extra: { GrpcStatus: 0 } });
    expect(read).toMatchObject(expected);
    for (const name of absent) expect(read).not.toHaveProperty(name);
  });

  it("leaves the query out of the path", () => {
    expect(fieldsOf({ queryParameters: false })).toMatchObject({ RequestPath: "/users" });
    expect(lineOf({ format: "common", queryParameters: false })).not.toContain("page");
  });
});

describe("headers", () => {
  const headers = { "user-agent": "curl/8", authorization: "Bearer secret", host: "app", "x-a": "1" };

  it("are dropped by default", () => {
    expect(lineOf()).not.toMatch(/request_|origin_|downstream_/);
  });

  it("are kept, redacted and dropped by name, of the request, the origin and the answer", () => {
    const read = fieldsOf(
      { headers: { default: "keep", names: { authorization: "redact", "x-a": "drop" } } },
      { requestHeaders: new Headers(headers) },
    );
    expect(read).toMatchObject({
      "request_User-Agent": "curl/8",
      request_Authorization: "REDACTED",
      origin_Server: "app",
      "origin_Content-Length": "42",
      "downstream_Content-Type": "text/plain",
    });
    expect(read).not.toHaveProperty("request_X-A");
    expect(read).not.toHaveProperty("request_Host");
  });

  it("are redacted alone", () => {
    const read = fieldsOf({ headers: { default: "redact", names: {} } }, { requestHeaders: new Headers(headers) });
    expect(JSON.stringify(read)).not.toContain("secret");
    expect(read.request_Authorization).toBe("REDACTED");
  });

  it("has the lines of Set-Cookie in one field", () => {
    const responseHeaders = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    const read = fieldsOf({ headers: { default: "drop", names: { "set-cookie": "keep" } } }, { responseHeaders });
    expect(read["downstream_Set-Cookie"]).toBe("a=1,b=2");
  });
});

describe("filters", () => {
  const filters = (changes: Partial<NonNullable<AccessLog["filters"]>>) => ({
    filters: { statusCodes: [], retryAttempts: false, minDurationMs: 0, ...changes } satisfies AccessLog["filters"],
  });
  const retried = { origin: undefined, user: undefined, retries: 1, pod: undefined };
  it.each<[string, Partial<AccessLog>, Partial<AccessData>, boolean]>([
    ["none", filters({}), {}, true],
    ["a status", filters({ statusCodes: [[500, 599]] }), { status: 500 }, true],
    ["another status", filters({ statusCodes: [[500, 599]] }), { status: 499 }, false],
    ["a request whose client went away", filters({ statusCodes: [[500, 599]] }), { status: undefined }, false],
    ["a retry", filters({ retryAttempts: true }), { record: retried }, true],
    ["no retry", filters({ retryAttempts: true }), {}, false],
    ["a slow one", filters({ minDurationMs: 10 }), { durationMs: 11 }, true],
    ["one just as slow", filters({ minDurationMs: 10 }), { durationMs: 10 }, false],
    ["one of several", filters({ statusCodes: [[500, 599]], minDurationMs: 10 }), { durationMs: 11 }, true],
  ])("%s", (_, changes, data, isKept) => {
    expect(lineOf(changes, data) !== undefined).toBe(isKept);
  });
});

describe("Common Log Format", () => {
  const kept = { headers: { default: "keep", names: {} } } satisfies Partial<AccessLog>;

  it("is Traefik's", () => {
    expect(lineOf({ format: "common", ...kept })).toBe(
      '192.0.2.7 - - [21/Nov/2026:13:45:58 +0000] "GET /users?page=2 HTTP/1.1" 200 42 "https://example.com/" "curl/8" ' +
        '7 "default-app@kubernetescrd" "http://10.0.0.1:8080" 12ms',
    );
    expect(lineOf({ format: "genericCLF", ...kept })).toBe(
      '192.0.2.7 - - [21/Nov/2026:13:45:58 +0000] "GET /users?page=2 HTTP/1.1" 200 42 "https://example.com/" "curl/8"',
    );
  });

  it("has dashes for what is dropped, empty or not there", () => {
    const record = { origin: undefined, user: undefined, retries: 0, pod: undefined };
    const line = lineOf(
      { format: "common" },
      { record, router: undefined, responseBytes: undefined, clientAddress: "" },
    );
    expect(line).toBe('- - - [21/Nov/2026:13:45:58 +0000] "GET /users?page=2 HTTP/1.1" 200 - "-" "-" 7 "-" "-" 12ms');
    const names = { startutc: "drop", startlocal: "drop", duration: "drop" } as const;
    expect(lineOf({ format: "common", fields: { default: "keep", names } })).toMatch(/^\S+ - - \[-\] .* 0ms$/);
  });
});

describe("what clients send forges no line", () => {
  const hostile = fc.string({
    unit: fc.oneof(
      fc.constantFrom("\r", "\n", '"', "\\", " ", "\u001b", "\u0085", "\u2028", "]"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    ),
  });

  it("common: one line, of as many fields", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (path, query, user, address) => {
        const record = { ...accessData().record, user };
        const line = lineOf({ format: "common" }, { path, query, clientAddress: address, record }) ?? "";
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(line).toMatch(
          /^\S+ - \S+ \[[^\]]+\] "GET (?:[^"\\\s]|\\.)+ HTTP\/1\.1" 200 42 "-" "-" 7 "default-app@kubernetescrd" "[^"]+" 12ms$/,
        );
      }),
    );
  });

  it("common: quotes in headers end no field", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "\\", " ", "a", "\u0085", "\u00ff", "\t") }), (value) => {
        const requestHeaders = new Headers({ "user-agent": value });
        const headers = { default: "keep", names: {} } as const;
        const line = lineOf({ format: "common", headers }, { requestHeaders }) ?? "";
        expect(line).toMatch(/ 200 42 "-" "(?:[^"\\\p{Cc}]|\\.)*" 7 "default-app@kubernetescrd" "[^"]+" 12ms$/u);
      }),
    );
  });

  it("JSON: one line that says the same", () => {
    fc.assert(
      fc.property(hostile, hostile, (path, user) => {
        const record = { ...accessData().record, user };
        const line = lineOf({}, { path, query: "", record }) ?? "";
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(JSON.parse(line)).toMatchObject({ RequestPath: path, ClientUsername: user, level: "info" });
      }),
    );
  });
});
