import { describe, expect, test } from "vitest";
import { emptyTable } from "../../../src/table/empty-table.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const one = (route: string, more = ""): string =>
  traefik("IngressRoute", "app", `entryPoints: [web]\nroutes:\n  - ${route}${more}`);
const toApp = "services: [{ name: app, port: 80 }]";
const slice = `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: app-1, labels: { kubernetes.io/service-name: app } }
ports: [{ name: "", port: 8080 }]
endpoints: [{ addresses: [10.0.0.1] }]
`;

describe("a route", () => {
  test("becomes a router with all that it needs", () => {
    const { table, problems } = translateText(
      one(`{ match: "Host(\`a.example.com\`)", ${toApp} }`) + services("app") + slice,
    );
    expect(problems).toEqual([]);
    expect(table).toEqual({
      ...emptyTable(),
      entryPoints: { web: { port: 80 }, websecure: { port: 443 } },
      relayEntryPoints: defaultSettings().relayEntryPoints,
      routers: [
        {
          name: "default-app-629990b524bf9a1a8d27@kubernetescrd",
          entryPoints: ["web"],
          tls: false,
          rule: { type: "host", host: "a.example.com" },
          ruleText: "Host(`a.example.com`)",
          priority: 21,
          tieBreaker: "1 ~ default/app IngressRoute 00000",
          middlewares: [],
          service: "default-app-629990b524bf9a1a8d27@kubernetescrd",
        },
      ],
      services: {
        "default-app-629990b524bf9a1a8d27@kubernetescrd": {
          type: "loadBalancer",
          endpoints: "default-app-80",
          scheme: "http",
          passHostHeader: true,
          transport: "gateway",
        },
      },
      middlewares: {},
      endpoints: { "default-app-80": { endpoints: [{ address: "10.0.0.1", port: 8080, state: "ready" }] } },
      serversTransports: {},
    });
  });

  test.each([
    ["its length in bytes", "match: 'PathPrefix(`/é`)'", 17],
    ["its length when 0", "match: 'Path(`/`)', priority: 0", 9],
    ["what it says", "match: 'Path(`/`)', priority: -3", -3],
  ])("has the priority: %s", (_, fields, priority) => {
    const { table } = translateText(one(`{ ${fields}, ${toApp} }`) + services("app"));
    expect(table.routers[0]?.priority).toBe(priority);
  });

  test("in the older syntax", () => {
    const { table, problems } = translateText(
      one(`{ match: "Host(\`a.com\`, \`b.com\`)", syntax: v2, ${toApp} }`) + services("app") + slice,
    );
    expect(problems).toEqual([]);
    expect(table.routers[0]?.rule.type).toBe("or");
  });

  test.each([
    ["tls: {}", true],
    ["tls: { secretName: x }", true],
    ["tls: null", false],
  ])("with %s", (tls, expected) => {
    const { table } = translateText(
      traefik("IngressRoute", "app", `routes: [{ match: "Path(\`/\`)", ${toApp} }]\n${tls}`) + services("app"),
    );
    expect(table.routers[0]?.tls).toBe(expected);
  });

  test("that only redirects needs no Service", () => {
    const noop = "services: [{ name: noop@internal, kind: TraefikService }]";
    const { table } = translateText(one(`{ match: "Path(\`/\`)", ${noop} }`));
    expect(table.services["noop@internal"]).toEqual({ type: "status", status: 418 });
  });
});

describe("routes are closed, never unguarded", () => {
  const cases: [string, string, string][] = [
    ["a Middleware that does not exist", "[{ name: gone }]", "middleware-not-found"],
    ["a Middleware that cannot be built", "[{ name: bad }]", "middleware-invalid"],
    ["a list of another form", "[{ name: ok }, ok]", "invalid-field"],
    ["no list at all", "ok", "invalid-field"],
    ["another namespace", "[{ name: ok, namespace: other }]", "cross-namespace-reference"],
    ["another provider", "[{ name: ok@file }]", "cross-provider-reference"],
  ];
  test.each(cases)("%s", (_, list, code) => {
    const result = translateText(
      one(`{ match: "Path(\`/\`)", ${toApp}, middlewares: ${list} }`) +
        traefik("Middleware", "ok", "addPrefix: { prefix: /x }") +
        traefik("Middleware", "bad", "redirectRegex: { regex: '(', replacement: x }") +
        services("app"),
    );
    expect(result.table.routers).toMatchObject([{ closedBy: code }]);
    expect(linesOf(result)).toContainEqual(
      expect.stringContaining(`error ${code} IngressRoute/app spec.routes.0.middle`),
    );
  });

  test("by TLS options that demand a client's certificate", () => {
    const { table } = translateText(
      traefik("IngressRoute", "app", `routes: [{ match: "Path(\`/\`)", ${toApp} }]\ntls: { options: { name: mtls } }`) +
        traefik("TLSOption", "mtls", "clientAuth: { clientAuthType: RequireAndVerifyClientCert }") +
        services("app"),
    );
    expect(table.routers).toMatchObject([{ closedBy: "unsupported-field" }]);
  });
});

describe("bad routes harm only themselves", () => {
  const good = `  - { match: "Path(\`/good\`)", ${toApp} }`;
  const cases: [string, string, string][] = [
    [
      "a rule that does not parse",
      `{ match: "Host(a)", ${toApp} }`,
      "error rule-syntax IngressRoute/app spec.routes.0.match",
    ],
    [
      "a regular expression",
      `{ match: "PathRegexp(\`(\`)", ${toApp} }`,
      "error rule-regexp IngressRoute/app spec.routes.0.match",
    ],
    ["no rule", `{ ${toApp} }`, "error invalid-field IngressRoute/app spec.routes.0.match"],
    [
      "a priority of another form",
      `{ match: "Path(\`/\`)", priority: high, ${toApp} }`,
      "error invalid-field IngressRoute/app spec.routes.0.priority",
    ],
    ["no mapping", "[]", "error invalid-field IngressRoute/app spec.routes.0"],
  ];
  test.each(cases)("%s", (_, route, line) => {
    const result = translateText(one(`${route}\n${good}`) + services("app"));
    expect(linesOf(result)).toEqual([line]);
    expect(result.table.routers.map(({ ruleText }) => ruleText)).toEqual(["Path(`/good`)"]);
  });

  test("the place of an error in a rule is known", () => {
    const { problems } = translateText(one(`{ match: "Host(\`a\`) && Pth(\`/\`)", ${toApp} }`) + services("app"));
    expect(problems[0]).toMatchObject({ code: "rule-syntax", span: { offset: 13, length: 3 } });
  });

  test("the second of two equal rules is left out", () => {
    const result = translateText(one(`{ match: "Path(\`/good\`)", ${toApp} }\n${good}`) + services("app"));
    expect(linesOf(result)).toEqual(["warning duplicate-router IngressRoute/app spec.routes.1.match"]);
    expect(result.table.routers).toHaveLength(1);
  });

  test("misspelt and misplaced fields are warnings", () => {
    const result = translateText(
      one(`{ match: "Path(\`/\`)", prioritty: 3, tls: {}, ${toApp} }`, "\nentrypoints: [web]") + services("app"),
    );
    expect(linesOf(result)).toEqual([
      "warning unknown-field IngressRoute/app spec.entrypoints",
      "warning unknown-field IngressRoute/app spec.routes.0.prioritty",
      "warning misplaced-field IngressRoute/app spec.routes.0.tls",
    ]);
    expect(result.table.routers).toHaveLength(1);
  });
});
