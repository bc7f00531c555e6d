import { describe, expect, test } from "vitest";
import type { LoadBalancer } from "../../../src/table/service.ts";
import type { TranslateSettings } from "../../../sync-agent/translate/settings.ts";
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

describe("services of a route", () => {
  test("several are weighted, named after the router", () => {
    const { table } = translateText(
      one(`{ match: "Path(\`/\`)", services: [{ name: a, port: 80, weight: 3 }, { name: b, port: 80, weight: 0 }] }`) +
        services("a", "b"),
    );
    const name = table.routers[0]?.service ?? "";
    expect(name).toBe(table.routers[0]?.name);
    expect(table.services[name]).toEqual({
      type: "weighted",
      children: [
        { service: "default-a-80@kubernetescrd", weight: 3 },
        { service: "default-b-80@kubernetescrd", weight: 0 },
      ],
    });
  });

  test("a bad one leaves the others alone", () => {
    const result = translateText(
      one(
        `{ match: "Path(\`/\`)", services: [{ name: gone, port: 80 }, { name: a, port: 80 }, { name: a, port: 81 }, { port: 80 }, { name: a, port: 80, weight: -1 }] }`,
      ) + services("a"),
    );
    const service = result.table.services[result.table.routers[0]?.service ?? ""];
    expect(service).toEqual({ type: "weighted", children: [{ service: "default-a-80@kubernetescrd", weight: 1 }] });
    expect(linesOf(result)).toEqual([
      "error invalid-field IngressRoute/app spec.routes.0.services.3.name",
      "error invalid-field IngressRoute/app spec.routes.0.services.4.weight",
      "error service-not-found IngressRoute/app spec.routes.0.services.0.name",
      "error service-port-not-found IngressRoute/app spec.routes.0.services.2.port",
    ]);
  });

  test("none that can be resolved is 503", () => {
    for (const list of ["[]", "[{ name: gone, port: 80 }]", "[{ name: gone, port: 80 }, {}]", "[{}]"]) {
      const { table, problems } = translateText(one(`{ match: "Path(\`/\`)", services: ${list} }`));
      expect(table.services[table.routers[0]?.service ?? ""]).toEqual({ type: "status", status: 503 });
      expect(problems.length).toBeGreaterThan(0);
    }
  });

  test("options are read", () => {
    const { table, problems } = translateText(
      one(
        `{ match: "Path(\`/\`)", services: [{ name: app, port: 80, scheme: h2c, passHostHeader: false, responseForwarding: { flushInterval: 1s }, sticky: { cookie: { name: "a b", httpOnly: true, sameSite: Strict } } }] }`,
      ) +
        services("app") +
        slice,
    );
    expect(problems).toEqual([]);
    expect(Object.values(table.services)).toEqual([
      {
        type: "loadBalancer",
        endpoints: "default-app-80",
        scheme: "h2c",
        passHostHeader: false,
        transport: "gateway",
        sticky: { name: "a_b", path: "/", secure: false, httpOnly: true, sameSite: "strict", maxAge: 0 },
        flushIntervalMs: 1000,
      },
    ]);
  });

  test("two routes with different options for one Service keep them apart", () => {
    const children = (more: string): string => `services: [{ name: a, port: 80${more} }, { name: b, port: 80 }]`;
    const { table } = translateText(
      one(
        `{ match: "Path(\`/1\`)", ${children("")} }\n  - { match: "Path(\`/2\`)", ${children(", passHostHeader: false")} }`,
      ) + services("a", "b"),
    );
    const hosts = table.routers.map(({ service }) => {
      const weighted = table.services[service];
      const child = weighted?.type === "weighted" ? table.services[weighted.children[0]?.service ?? ""] : undefined;
      return child?.type === "loadBalancer" && child.passHostHeader;
    });
    expect(hosts.sort()).toEqual([false, true]);
    expect(Object.keys(table.services)).toContain("default-a-80@kubernetescrd");
  });

  const balancerOf = (more: string, annotations = ""): LoadBalancer | undefined => {
    const service = services("app").replace("name: app", `name: app, annotations: { ${annotations} }`);
    const result = translateText(one(`{ match: "Path(\`/\`)", services: [{ name: app, port: 80${more} }] }`) + service);
    expect(linesOf(result)).toEqual([]);
    const found = result.table.services[result.table.routers[0]?.service ?? ""];
    return found?.type === "loadBalancer" ? found : undefined;
  };

  test("health checks have Traefik's defaults", () => {
    expect(balancerOf(", healthCheck: {}, passiveHealthCheck: {}")).toMatchObject({
      healthCheck: {
        mode: "http",
        path: "/",
        method: "GET",
        headers: {},
        followRedirects: true,
        intervalMs: 30_000,
        unhealthyIntervalMs: 30_000,
        timeoutMs: 5_000,
      },
      passiveHealthCheck: { maxFailedAttempts: 1, failureWindowMs: 10_000 },
    });
  });

  test("health checks are read", () => {
    const check =
      "{ mode: grpc, path: /live?a=b, scheme: https, method: head, status: 204, port: 8081, interval: 2s, unhealthyInterval: 500ms, timeout: 1, hostname: app.example.com, headers: { X-Probe: a b }, followRedirects: false }";
    expect(
      balancerOf(`, healthCheck: ${check}, passiveHealthCheck: { failureWindow: 1m, maxFailedAttempts: 3 }`),
    ).toMatchObject({
      healthCheck: {
        mode: "grpc",
        path: "/live?a=b",
        scheme: "https",
        method: "HEAD",
        status: 204,
        port: 8081,
        intervalMs: 2_000,
        unhealthyIntervalMs: 500,
        timeoutMs: 1_000,
        hostname: "app.example.com",
        headers: { "X-Probe": "a b" },
        followRedirects: false,
      },
      passiveHealthCheck: { maxFailedAttempts: 3, failureWindowMs: 60_000 },
    });
  });

  test.each([
    [", strategy: p2c", "", "p2c", undefined],
    [", strategy: RoundRobin", "", undefined, undefined],
    [", strategy: drr", "", "drr", undefined],
    ["", "sluice.dev/strategy: leasttime", "leasttime", undefined],
    [", strategy: wrr", "sluice.dev/strategy: leasttime", undefined, undefined],
    ["", "sluice.dev/client-key: header X-User", "hrw", { type: "header", name: "x-user" }],
    [", strategy: hrw", "sluice.dev/client-key: cookie Id", "hrw", { type: "cookie", name: "Id" }],
    [", strategy: p2c", "sluice.dev/client-key: address", "p2c", undefined],
  ])("the strategy of `%s` and `%s` is %s", (fields, annotations, strategy, clientKey) => {
    const { strategy: read, clientKey: readKey } = balancerOf(fields, annotations) ?? {};
    expect([read, readKey]).toEqual([strategy, clientKey]);
  });

  test("what cannot be had is said, and the rest is served", () => {
    const result = translateText(
      one(
        `{ match: "Path(\`/\`)", services: [{ name: app, port: 80, strategy: best, nodePortLB: true, healthCheck: { interval: 1ms, path: x, status: 1000, port: 0, method: "a b", hostname: a/b, headers: { "a b": c }, mode: tcp, retries: 3 }, passiveHealthCheck: { maxFailedAttempts: 0, failureWindow: soon } }] }`,
      ) + services("app"),
    );
    const at = (field: string): string => `IngressRoute/app spec.routes.0.services.0.${field}`;
    expect(linesOf(result).toSorted()).toEqual(
      [
        `warning invalid-field ${at("strategy")}`,
        `warning unsupported-field ${at("nodePortLB")}`,
        `warning unknown-field ${at("healthCheck.retries")}`,
        ...["mode", "path", "method", "status", "port", "interval", "hostname", "headers"].map(
          (field) => `error invalid-field ${at(`healthCheck.${field}`)}`,
        ),
        ...["failureWindow", "maxFailedAttempts"].map(
          (field) => `error invalid-field ${at(`passiveHealthCheck.${field}`)}`,
        ),
      ].toSorted(),
    );
    expect(result.table.routers).toHaveLength(1);
  });

  const external = `---
apiVersion: v1
kind: Service
metadata: { name: app }
spec: { type: ExternalName, externalName: origin.example.com, ports: [{ port: 80 }] }
`;
  test.each([
    [true, "gateway"],
    [false, "direct"],
  ])("an ExternalName with passHostHeader %s is reached by %s", (pass, transport) => {
    const { table } = translateText(
      one(`{ match: "Path(\`/\`)", services: [{ name: app, port: 80, passHostHeader: ${pass} }] }`) + external,
      (settings) => {
        settings.crd.allowExternalNameServices = true;
      },
    );
    expect(Object.values(table.services)).toMatchObject([{ type: "loadBalancer", transport }]);
  });

  test.each([", healthCheck: {}", ", serversTransport: strict"])(
    "an ExternalName with `%s` goes through the gateway",
    (more) => {
      const { table } = translateText(
        one(`{ match: "Path(\`/\`)", services: [{ name: app, port: 80, passHostHeader: false${more} }] }`) +
          traefik("ServersTransport", "strict", "serverName: origin.example.com") +
          external,
        (settings) => {
          settings.crd.allowExternalNameServices = true;
        },
      );
      expect(Object.values(table.services)).toMatchObject([{ type: "loadBalancer", transport: "gateway" }]);
    },
  );

  test("guards of a service stand before it, or close it", () => {
    const guarded = (name: string) =>
      translateText(
        one(`{ match: "Path(\`/\`)", services: [{ name: app, port: 80, middlewares: [{ name: ${name} }] }] }`) +
          traefik("Middleware", "guard", "addPrefix: { prefix: /x }") +
          services("app"),
      ).table;
    const table = guarded("guard");
    expect(table.services[table.routers[0]?.service ?? ""]).toEqual({
      type: "filtered",
      middlewares: ["default-guard@kubernetescrd"],
      service: table.routers[0]?.name,
    });
    const closed = guarded("gone");
    expect(closed.services[closed.routers[0]?.service ?? ""]).toEqual({ type: "status", status: 503 });
  });

  test("without endpoints the route goes only when allowEmptyServices is false", () => {
    const text = one(`{ match: "Path(\`/\`)", ${toApp} }`) + services("app");
    const off = (settings: TranslateSettings): void => {
      settings.crd.allowEmptyServices = false;
    };
    expect(translateText(text).table.routers).toHaveLength(1);
    expect(translateText(text, off).table.routers).toHaveLength(0);
    expect(translateText(text + slice, off).table.routers).toHaveLength(1);
  });
});

describe("other namespaces", () => {
  const cross = one(`{ match: "Path(\`/\`)", services: [{ name: app, namespace: other, port: 80 }] }`);
  const there = services("app").replace("name: app", "name: app, namespace: other");

  test("are off", () => {
    const result = translateText(cross + there);
    expect(linesOf(result)).toEqual([
      "error cross-namespace-reference IngressRoute/app spec.routes.0.services.0.namespace",
    ]);
    expect(result.table.services[result.table.routers[0]?.service ?? ""]).toEqual({ type: "status", status: 503 });
  });

  test("unless they are allowed", () => {
    const result = translateText(cross + there, (settings) => {
      settings.crd.allowCrossNamespace = true;
    });
    expect(linesOf(result)).toEqual([]);
    expect(Object.values(result.table.services)).toMatchObject([{ endpoints: "other-app-80" }]);
  });
});
