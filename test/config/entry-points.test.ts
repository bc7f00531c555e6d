import { describe, expect, it } from "vitest";
import { readStaticConfig } from "../../sync-agent/config/static-config.ts";

const readWeb = (web: string) => {
  const { settings, problems } = readStaticConfig(`entryPoints: { web: { address: ":80", ${web} } }`, "traefik.yaml");
  return {
    entryPoint: settings.entryPoints.web,
    relayEntryPoint: settings.relayEntryPoints.web,
    problems: problems.map(({ code, severity, path }) => `${severity} ${code} ${path.slice(2).join(".")}`),
  };
};

const allCharacters = {
  allowEncodedSlash: true,
  allowEncodedBackSlash: true,
  allowEncodedNullCharacter: true,
  allowEncodedSemicolon: true,
  allowEncodedPercent: true,
  allowEncodedQuestionMark: true,
  allowEncodedHash: true,
};

describe("what an entry point does to requests", () => {
  it.each<[string, object]>([
    ["observability: { accessLogs: false }", { accessLogs: false }],
    ["observability: { accessLogs: true }", { accessLogs: true }],
    ["http: { encodeQuerySemicolons: true }", { encodeQuerySemicolons: true }],
    ["http: { encodeQuerySemicolons: false }", {}],
    ["http: { sanitizePath: true }", {}],
    ["http: { encodedCharacters: {} }", {}],
    ["http: { encodedCharacters: { allowEncodedSlash: true } }", {}],
    [
      "http: { encodedCharacters: { allowEncodedSlash: false } }",
      { encodedCharacters: { ...allCharacters, allowEncodedSlash: false } },
    ],
    ["http: { aliasHeadersStrategy: keep }", {}],
    ["http: { aliasHeadersStrategy: delete }", { aliasHeaders: { strategy: "delete", characters: "all" } }],
    ["http: { underscoreHeadersStrategy: Reject }", { aliasHeaders: { strategy: "reject", characters: "underscore" } }],
    [
      "http: { aliasHeadersStrategy: delete, underscoreHeadersStrategy: reject }",
      { aliasHeaders: { strategy: "delete", characters: "all" } },
    ],
  ])("%s", (text, expected) => {
    const { entryPoint, problems } = readWeb(text);
    expect(problems).toEqual([]);
    expect(entryPoint).toEqual({ port: 80, ...expected });
  });
});

describe("times hold at the relay, which is said", () => {
  it.each<[string, object, string[]]>([
    [
      "transport: { respondingTimeouts: { readTimeout: 60, writeTimeout: 1m, idleTimeout: 0 } }",
      { readTimeoutMs: 60_000, writeTimeoutMs: 60_000, idleTimeoutMs: 0 },
      ["readTimeout", "writeTimeout", "idleTimeout"].map((name) => `transport.respondingTimeouts.${name}`),
    ],
    [
      "transport: { keepAliveMaxRequests: 100, keepAliveMaxTime: 1h }",
      { keepAliveMaxRequests: 100, keepAliveMaxMs: 3_600_000 },
      ["transport.keepAliveMaxRequests", "transport.keepAliveMaxTime"],
    ],
  ])("%s", (text, expected, paths) => {
    const { relayEntryPoint, problems } = readWeb(text);
    expect(relayEntryPoint).toEqual({ protocol: "tcp", host: "", port: 80, ...expected });
    expect(problems).toEqual(paths.map((path) => `notice platform-decides ${path}`));
  });

  it("the end of a process is the relay's alone", () => {
    const { relayEntryPoint, problems } = readWeb("transport: { lifeCycle: { graceTimeOut: 1m } }");
    expect(relayEntryPoint).toMatchObject({ graceMs: 60_000 });
    expect(problems).toEqual([]);
  });

  it.each([
    ["transport: { respondingTimeouts: { readTimeout: soon } }", "transport.respondingTimeouts.readTimeout"],
    ["transport: { respondingTimeouts: { idleTimeout: -1s } }", "transport.respondingTimeouts.idleTimeout"],
    ["transport: { keepAliveMaxRequests: -1 }", "transport.keepAliveMaxRequests"],
  ])("%s is wrong", (text, path) => {
    const { relayEntryPoint, problems } = readWeb(text);
    expect(problems).toEqual([`error invalid-field ${path}`]);
    expect(relayEntryPoint).toEqual({ protocol: "tcp", host: "", port: 80 });
  });
});

describe("nothing that has no effect is passed over", () => {
  it.each([
    ["http: { maxHeaderBytes: 4096 }", "notice platform-decides http.maxHeaderBytes"],
    ["http: { sanitizePath: false }", "notice platform-decides http.sanitizePath"],
    ["http: { tls: { options: modern } }", "warning platform-decides http.tls.options"],
    ["http: { tls: { certResolver: le } }", "notice platform-decides http.tls.certResolver"],
    ["http2: { maxConcurrentStreams: 10 }", "notice platform-decides http2"],
    ["http3: {}", "notice platform-decides http3"],
    ["forwardedHeaders: { connection: [X-Foo] }", "warning platform-decides forwardedHeaders.connection"],
    [
      "forwardedHeaders: { notAppendXForwardedFor: true }",
      "warning platform-decides forwardedHeaders.notAppendXForwardedFor",
    ],
    ["observability: { metrics: false }", "notice unsupported-field observability.metrics"],
  ])("%s", (text, expected) => {
    expect(readWeb(text).problems).toEqual([expected]);
  });

  it.each([
    ["ping: { entryPoint: traefik }", "ping", undefined],
    ["api: { dashboard: true, insecure: true }", "api", undefined],
    ["metrics: { prometheus: { buckets: [0.1] } }", "metrics", undefined],
    ["log: { level: WARN }", "log.level", "start them with `--log-level warn`"],
    ["log: { level: panic }", "log.level", "start them with `--log-level error`"],
    ["log: { filePath: /var/log/traefik.log }", "log.filePath", undefined],
  ])("%s", (text, path, hint) => {
    const { problems } = readStaticConfig(text, "traefik.yaml");
    expect(problems).toMatchObject([{ code: "platform-decides", severity: "notice" }]);
    expect(problems[0]?.path.join(".")).toBe(path);
    expect(problems[0]?.message).toMatch(/has no effect: ./);
    expect(problems[0]?.hint).toBe(hint);
  });
});

it("strictPrefixMatching is the Ingress provider's", () => {
  const text = "providers: { kubernetesIngress: { strictPrefixMatching: true } }";
  const { settings, problems } = readStaticConfig(text, "traefik.yaml");
  expect(problems).toEqual([]);
  expect([settings.ingress.strictPrefixMatching, settings.crd.strictPrefixMatching]).toEqual([true, undefined]);
});
