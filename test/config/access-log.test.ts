import { describe, expect, it } from "vitest";
import { importFile } from "../../cli/import/import-file.ts";
import { readStaticConfig } from "../../sync-agent/config/static-config.ts";

const yaml = (text: string) => readStaticConfig(text, "traefik.yaml");
const toml = (text: string) => readStaticConfig(text, "traefik.toml");

/** Traefik's defaults. */
const defaults = {
  format: "common",
  addInternals: false,
  fields: { default: "keep", names: {} },
  headers: { default: "drop", names: {} },
  queryParameters: true,
};

/** The example of Traefik's documentation, in both languages. */
const documented = {
  format: "json",
  addInternals: false,
  filters: {
    statusCodes: [
      [200, 200],
      [300, 302],
    ],
    retryAttempts: true,
    minDurationMs: 10,
  },
  fields: { default: "keep", names: { clientusername: "drop" } },
  headers: {
    default: "keep",
    names: {
      "user-agent": "redact",
      authorization: "drop",
      cookie: "redact",
      "proxy-authorization": "redact",
      "set-cookie": "redact",
    },
  },
  queryParameters: true,
};

describe("accessLog", () => {
  it.each([
    ["nothing", "", undefined],
    ["off", "accessLog: false", undefined],
    ["empty", "accessLog: {}", defaults],
    ["no value", "accessLog:", defaults],
    ["on, as on a command line", "accessLog: true", defaults],
    ["another case", "accesslog: { FORMAT: JSON }", { ...defaults, format: "json" }],
    [
      "what else there is",
      "accessLog: { format: genericCLF, addInternals: true, fields: { queryParameters: { defaultMode: drop } } }",
      { ...defaults, format: "genericCLF", addInternals: true, queryParameters: false },
    ],
    [
      "headers that are named are as they are named",
      "accessLog: { fields: { headers: { defaultMode: keep, names: { Cookie: keep, Set-Cookie: drop } } } }",
      {
        ...defaults,
        headers: {
          default: "keep",
          names: {
            cookie: "keep",
            "set-cookie": "drop",
            authorization: "redact",
            "proxy-authorization": "redact",
          },
        },
      },
    ],
    [
      "filters that say nothing",
      "accessLog: { filters: {} }",
      { ...defaults, filters: { statusCodes: [], retryAttempts: false, minDurationMs: 0 } },
    ],
  ])("%s", (_, text, expected) => {
    const { settings, problems } = yaml(text);
    expect(problems).toEqual([]);
    expect(settings.accessLog).toEqual(expected);
  });

  it("reads the documented example in YAML", () => {
    const { settings, problems } = yaml(`
accessLog:
  format: json
  filters:
    statusCodes: ["200", "300-302"]
    retryAttempts: true
    minDuration: "10ms"
  fields:
    defaultMode: keep
    names: { ClientUsername: drop }
    headers:
      defaultMode: keep
      names: { User-Agent: redact, Authorization: drop }
`);
    expect(problems).toEqual([]);
    expect(settings.accessLog).toEqual(documented);
  });

  it("reads it in TOML", () => {
    const { settings, problems } = toml(`
[accessLog]
  format = "json"
  [accessLog.filters]
    statusCodes = [ "200", "300-302" ]
    retryAttempts = true
    minDuration = "10ms"
  [accessLog.fields]
    defaultMode = "keep"
    [accessLog.fields.names]
      ClientUsername = "drop"
    [accessLog.fields.headers]
      defaultMode = "keep"
      [accessLog.fields.headers.names]
        User-Agent = "redact"
        Authorization = "drop"
`);
    expect(problems).toEqual([]);
    expect(settings.accessLog).toEqual(documented);
  });

  it("is imported from a command line", () => {
    const { yaml: made, problems } = importFile(
      [
        "--entryPoints.web.address=:80",
        "--accesslog=true",
        "--accesslog.format=json",
        "--accesslog.filters.statuscodes=200,300-302",
        "--accesslog.filters.retryattempts",
        "--accesslog.filters.minduration=10ms",
        "--accesslog.fields.defaultmode=keep",
        "--accesslog.fields.names.ClientUsername=drop",
        "--accesslog.fields.headers.defaultmode=keep",
        "--accesslog.fields.headers.names.User-Agent=redact",
        "--accesslog.fields.headers.names.Authorization=drop",
      ].join("\n"),
      "arguments.txt",
    );
    expect(problems).toEqual([]);
    const again = yaml(made);
    expect(again.problems).toEqual([]);
    expect(again.settings.accessLog).toEqual(documented);
  });

  const values = (enabled: boolean) => `
ports: { web: { port: 8000, exposedPort: 80 } }
logs:
  access:
    enabled: ${enabled}
    format: json
    filters: { statuscodes: "200,300-302", retryattempts: true, minduration: 10ms }
    fields:
      general: { defaultmode: keep, names: { ClientUsername: drop } }
      headers: { defaultmode: keep, names: { User-Agent: redact, Authorization: drop } }
`;

  it("is imported from the chart's values, where it is enabled", () => {
    const { yaml: made, problems } = importFile(values(true), "values.yaml");
    expect(problems).toEqual([]);
    expect(yaml(made).settings.accessLog).toEqual(documented);
    expect(yaml(importFile(values(false), "values.yaml").yaml).settings.accessLog).toBeUndefined();
  });

  it("is imported from Traefik 1.x, fields by their names of today", () => {
    const { yaml: made, problems } = importFile(
      `
defaultEntryPoints = ["http"]
[entryPoints.http]
address = ":80"
[accessLog.fields.names]
"FrontendName" = "drop"
"BackendURL" = "redact"
"ClientUsername" = "drop"
`,
      "traefik.toml",
    );
    expect(problems).toEqual([]);
    expect(yaml(made).settings.accessLog?.fields.names).toEqual({
      routername: "drop",
      serviceurl: "redact",
      clientusername: "drop",
    });
  });

  it.each<[string, string, string, string]>([
    ["a format that there is not", "accessLog: { format: xml }", "invalid-field", "accessLog.format"],
    ["no status", "accessLog: { filters: { statusCodes: [5xx] } }", "invalid-field", "accessLog.filters.statusCodes"],
    ["no time", "accessLog: { filters: { minDuration: -1s } }", "invalid-field", "accessLog.filters.minDuration"],
    ["no mode", "accessLog: { fields: { defaultMode: hide } }", "invalid-field", "accessLog.fields.defaultMode"],
    [
      "no field",
      "accessLog: { fields: { names: { ClientHots: drop } } }",
      "unknown-field",
      "accessLog.fields.names.ClientHots",
    ],
    ["a file", "accessLog: { filePath: /var/log/access.log }", "platform-decides", "accessLog.filePath"],
    ["a buffer", "accessLog: { bufferingSize: 100 }", "platform-decides", "accessLog.bufferingSize"],
    ["OpenTelemetry", "accessLog: { otlp: { http: {} } }", "platform-decides", "accessLog.otlp"],
  ])("%s is said, and the rest is kept", (_, text, code, path) => {
    const { settings, problems } = yaml(text);
    expect(problems.map((problem) => [problem.code, problem.path.join(".")])).toEqual([[code, path]]);
    expect(settings.accessLog).toMatchObject({ format: "common" });
  });

  it("the name of a field that is wrong gets the right one as its hint", () => {
    const { problems } = yaml("accessLog: { fields: { names: { ClientHots: drop } } }");
    expect(problems[0]?.hint).toContain("`ClientHost`");
  });
});
