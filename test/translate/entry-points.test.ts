import { describe, expect, test } from "vitest";
import { tableSchema } from "../../src/table/table.ts";
import type { TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { settings as accessLog } from "../access-log/access-data.ts";
import { linesOf, services, traefik, translateText } from "./translate-text.ts";

const route = (more = "") =>
  `entryPoints: [web]\nroutes:\n- match: Host(\`a\`)\n  services: [{ name: app, port: 80 }]${more}`;
const objects = (more?: string) => traefik("IngressRoute", "app", route(more)) + services("app");
const logging = (settings: TranslateSettings): void => {
  settings.accessLog = { ...accessLog(), addInternals: false };
};

describe("the access log", () => {
  test("is every entry point's", () => {
    const { table } = translateText(objects(), logging);
    expect(table.entryPoints).toEqual({
      web: { port: 80, accessLog: accessLog() },
      websecure: { port: 443, accessLog: accessLog() },
    });
    expect(tableSchema.safeParse(table).success).toBe(true);
  });

  test("an entry point may leave its routers out", () => {
    const { table } = translateText(objects(), (settings) => {
      logging(settings);
      settings.entryPoints = { web: { port: 80, accessLogs: false } };
    });
    expect(table.entryPoints.web).toEqual({ port: 80, accessLog: accessLog(), accessLogs: false });
  });

  test("a route may say it", () => {
    for (const accessLogs of [true, false]) {
      const result = translateText(objects(`\n  observability: { accessLogs: ${accessLogs} }`), logging);
      expect(result.table.routers).toMatchObject([{ accessLogs }]);
      expect(linesOf(result)).toEqual([]);
    }
    expect(translateText(objects(), logging).table.routers[0]).not.toHaveProperty("accessLogs");
  });

  test("what of a route's observability has no effect is said, and what is wrong left out", () => {
    const said = translateText(
      objects("\n  observability: { metrics: true, tracing: false, traceVerbosity: detailed }"),
    );
    expect(linesOf(said)).toEqual(
      ["metrics", "tracing", "traceVerbosity"].map(
        (name) => `notice unsupported-field IngressRoute/app spec.routes.0.observability.${name}`,
      ),
    );
    const wrong = translateText(objects("\n  observability: { accessLogs: often }"));
    expect(linesOf(wrong)).toEqual(["error invalid-field IngressRoute/app spec.routes.0.observability.accessLogs"]);
    expect(wrong.table.routers).toHaveLength(1);
  });

  test("an Ingress may say it", () => {
    const ingress = `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: app, annotations: { traefik.ingress.kubernetes.io/router.observability.accesslogs: "false" } }
spec: { rules: [{ host: a, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: app, port: { number: 80 } } } }] } }] }
`;
    const result = translateText(ingress + services("app"), logging);
    expect(result.table.routers).toMatchObject([{ accessLogs: false }]);
    expect(linesOf(result)).toEqual([]);
  });

  test.each([
    [false, { accessLogs: false }],
    [true, {}],
  ])("redirects of entry points are internals: addInternals %s", (addInternals, expected) => {
    const { table } = translateText("", (settings) => {
      settings.accessLog = { ...accessLog(), addInternals };
      settings.entryPoints = {
        web: { port: 80, redirect: { to: "websecure", scheme: "https", permanent: true } },
        websecure: { port: 443 },
      };
    });
    expect(table.routers).toHaveLength(1);
    const { accessLogs } = table.routers[0] ?? {};
    expect(accessLogs === undefined ? {} : { accessLogs }).toEqual(expected);
  });
});

describe("what an entry point refuses", () => {
  const strict = (settings: TranslateSettings): void => {
    settings.entryPoints = {
      web: { port: 80, encodedCharacters: { allowEncodedPercent: true }, middlewares: [] },
      websecure: { port: 443, aliasHeaders: { strategy: "reject", characters: "all" }, encodeQuerySemicolons: true },
    };
  };

  test("encoded characters, before any middleware", () => {
    const guarded = objects("\n  middlewares: [{ name: m }]") + traefik("Middleware", "m", "addPrefix: { prefix: /x }");
    const { table } = translateText(guarded, strict);
    expect(table.routers).toMatchObject([
      { middlewares: ["encoded-characters-web@internal", "default-m@kubernetescrd"] },
    ]);
    expect(table.middlewares["encoded-characters-web@internal"]).toEqual({
      type: "encodedCharacters",
      allowEncodedPercent: true,
    });
    expect(tableSchema.safeParse(table).success).toBe(true);
  });

  test("headers, and what a semicolon is, stand at the entry point", () => {
    const { table } = translateText(objects(), strict);
    expect(table.entryPoints.websecure).toEqual({
      port: 443,
      aliasHeaders: { strategy: "reject", characters: "all" },
      encodeQuerySemicolons: true,
    });
  });
});

test("what the middlewares of an entry point ask for is there, though no route names it", () => {
  const guards =
    traefik("Middleware", "all", "chain: { middlewares: [{ name: auth }, { name: pages }] }") +
    traefik(
      "Middleware",
      "auth",
      "forwardAuth: { address: 'https://who.default.svc:80/', tls: { insecureSkipVerify: true } }",
    ) +
    traefik("Middleware", "pages", "errors: { status: ['500'], service: { name: pages, port: 80 } }");
  const { table } = translateText(objects() + services("who", "pages") + guards, (settings) => {
    settings.entryPoints.web = { port: 80, middlewares: ["default-pages@kubernetescrd", "default-all@kubernetescrd"] };
  });
  expect(table.routers).toMatchObject([
    { middlewares: ["default-pages@kubernetescrd", "default-all@kubernetescrd"], service: expect.any(String) },
  ]);
  for (const middleware of Object.values(table.middlewares)) {
    const service = "service" in middleware ? table.services[middleware.service ?? ""] : undefined;
    if (middleware.type === "chain") continue;
    expect(service).toMatchObject({ type: "loadBalancer" });
    if (service?.type === "loadBalancer") expect(table.endpoints).toHaveProperty(service.endpoints);
  }
  expect(Object.keys(table.serversTransports)).toHaveLength(1);
});
