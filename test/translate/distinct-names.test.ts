import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../cli/dev/make-certificate.ts";
import type { Service } from "../../src/table/service.ts";
import type { Translation } from "../../sync-agent/translate/translate.ts";
import { linesOf, services, traefik, translateText } from "./translate-text.ts";

// Names of Kubernetes may hold dashes and dots, and those of the table are joined by dashes: two things can make one.

const route = (fields: string): string => traefik("IngressRoute", "r", `routes: [{ match: "Path(\`/\`)", ${fields} }]`);

/** A Service with one named port, and a Pod of its own. */
const service = (name: string, port: string, pod: string, namespace = "default"): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ports: [{ name: ${port}, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: ${namespace}, labels: { kubernetes.io/service-name: ${name} } }
ports: [{ name: ${port}, port: 8080 }]
endpoints: [{ addresses: [${pod}] }]
`;

/** The Pods behind a service, over any number of steps, in order. */
function podsOf({ table }: Translation, name: string): string[] {
  const found: Service | undefined = table.services[name];
  if (found?.type === "loadBalancer")
    return (table.endpoints[found.endpoints]?.endpoints ?? []).map(({ address }) => address);
  if (found?.type === "weighted")
    return found.children.flatMap((child) => podsOf({ table } as Translation, child.service));
  if (found?.type === "filtered") return podsOf({ table } as Translation, found.service);
  return [];
}
const routedTo = (translation: Translation): string[] =>
  translation.table.routers.flatMap(({ service: name }) => podsOf(translation, name));

describe("guards", () => {
  test("of Middlewares are all there", () => {
    const { table } = translateText(
      route("middlewares: [{ name: auth.v1 }, { name: auth-v1 }], services: [{ name: a, port: 80 }]") +
        services("a") +
        traefik("Middleware", "auth.v1", "addPrefix: { prefix: /x }") +
        traefik("Middleware", "auth-v1", "ipAllowList: { sourceRange: [10.0.0.1] }"),
    );
    const used = table.routers[0]?.middlewares.map((name) => table.middlewares[name]?.type);
    expect(used).toEqual(["addPrefix", "ipAllowList"]);
  });

  test("of Middlewares ask each its own server", () => {
    const auth = (name: string, server: string): string =>
      traefik("Middleware", name, `forwardAuth: { address: "http://${server}.default.svc/" }`);
    const translation = translateText(
      route("middlewares: [{ name: auth.v1 }, { name: auth-v1 }], services: [{ name: app, port: 80 }]") +
        service("app", "http", "10.0.0.1") +
        service("one", "http", "10.0.0.2") +
        service("two", "http", "10.0.0.3") +
        auth("auth.v1", "one") +
        auth("auth-v1", "two"),
    );
    const asked = translation.table.routers[0]?.middlewares.flatMap((name) => {
      const middleware = translation.table.middlewares[name];
      return middleware?.type === "forwardAuth" ? podsOf(translation, middleware.service) : [];
    });
    expect(asked).toEqual(["10.0.0.2", "10.0.0.3"]);
  });

  test("of MiddlewareTCPs are all there", () => {
    const { table } = translateText(
      traefik(
        "IngressRouteTCP",
        "r",
        "routes: [{ match: 'HostSNI(`*`)', middlewares: [{ name: m.a }, { name: m-a }], services: [{ name: a, port: 80 }] }]",
      ) +
        services("a") +
        traefik("MiddlewareTCP", "m.a", "inFlightConn: { amount: 1 }") +
        traefik("MiddlewareTCP", "m-a", "ipAllowList: { sourceRange: [10.0.0.1] }"),
      (settings) => {
        settings.relayEntryPoints.db = { protocol: "tcp", host: "", port: 5432 };
      },
    );
    const used = table.tcpRouters[0]?.middlewares.map((name) => table.tcpMiddlewares[name]?.type);
    expect(used).toEqual(["inFlightConn", "ipAllowList"]);
  });

  test("of ServersTransports are each service's own", () => {
    const { table } = translateText(
      route("services: [{ name: a, port: 80, serversTransport: t.x }, { name: b, port: 80, serversTransport: t-x }]") +
        services("a", "b") +
        traefik("ServersTransport", "t.x", "insecureSkipVerify: true") +
        traefik("ServersTransport", "t-x", "serverName: b.example"),
    );
    const transports = ["default-a-80", "default-b-80"].map((endpoints) => {
      const found = Object.values(table.services).find(
        (one) => one.type === "loadBalancer" && one.endpoints === endpoints,
      );
      return found?.type === "loadBalancer" ? table.serversTransports[found.serversTransport ?? ""] : undefined;
    });
    expect(transports).toEqual([{ insecureSkipVerify: true }, { serverName: "b.example" }]);
  });

  test("are those of the own namespace where another's could be meant", () => {
    const middleware = (namespace: string, name: string, prefix: string): string =>
      traefik("Middleware", name, `addPrefix: { prefix: ${prefix} }`, `, namespace: ${namespace}`);
    const ingress = (namespace: string): string => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: i, namespace: ${namespace}, annotations: { traefik.ingress.kubernetes.io/router.middlewares: x-a-b@kubernetescrd } }
spec: { rules: [{ host: ${namespace}, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: s, port: { number: 80 } } } }] } }] }
`;
    const namespaces = ["x", "x-a", "other"];
    const { table } = translateText(
      namespaces.map((one) => ingress(one) + service("s", "http", "10.0.0.1", one)).join("") +
        middleware("x", "a-b", "/x") +
        middleware("x-a", "b", "/x-a"),
    );
    const prefixes = table.routers.map(({ rule, middlewares }) => [
      rule.type === "and" && rule.rules[0]?.type === "host"
        ? rule.rules[0].host
        : rule.type === "host"
          ? rule.host
          : "",
      table.middlewares[middlewares[0] ?? ""],
    ]);
    expect(Object.fromEntries(prefixes)).toEqual({
      x: { type: "addPrefix", prefix: "/x" },
      "x-a": { type: "addPrefix", prefix: "/x-a" },
      other: { type: "addPrefix", prefix: "/x" },
    });
  });

  test("have a name in common with the TraefikService that they stand before, and are no circle", () => {
    const result = translateText(
      route("services: [{ name: app, kind: TraefikService }]") +
        services("a") +
        traefik(
          "TraefikService",
          "app",
          "weighted: { services: [{ name: a, port: 80, middlewares: [{ name: app }] }] }",
        ) +
        traefik("Middleware", "app", "addPrefix: { prefix: /x }"),
    );
    expect(linesOf(result)).toEqual([]);
    expect(Object.values(result.table.services)).toContainEqual(
      expect.objectContaining({ type: "filtered", middlewares: ["default-app@kubernetescrd"] }),
    );
  });
});

describe("Pods", () => {
  const cases: [string, string][] = [
    [
      "of two ports of Services",
      route("services: [{ name: web, port: admin-http }, { name: web-admin, port: http }]") +
        service("web", "admin-http", "10.0.0.1") +
        service("web-admin", "http", "10.0.0.2"),
    ],
    [
      "of two TraefikServices",
      route("services: [{ name: t.s, kind: TraefikService }, { name: t-s, kind: TraefikService }]") +
        service("a", "http", "10.0.0.1") +
        service("b", "http", "10.0.0.2") +
        traefik("TraefikService", "t.s", "weighted: { services: [{ name: a, port: 80 }] }") +
        traefik("TraefikService", "t-s", "weighted: { services: [{ name: b, port: 80 }] }"),
    ],
    [
      "of a Service and a TraefikService",
      route("services: [{ name: app, port: 80 }, { name: app-80, kind: TraefikService }]") +
        service("app", "http", "10.0.0.1") +
        service("b", "http", "10.0.0.2") +
        traefik("TraefikService", "app-80", "weighted: { services: [{ name: b, port: 80 }] }"),
    ],
    [
      "of Services in two namespaces",
      route("services: [{ name: b, port: 80, namespace: x-a }, { name: a-b, port: 80, namespace: x }]") +
        service("b", "http", "10.0.0.1", "x-a") +
        service("a-b", "http", "10.0.0.2", "x"),
    ],
    [
      "of an Ingress",
      `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: i }
spec:
  rules:
    - http:
        paths:
          - { path: /a, pathType: Prefix, backend: { service: { name: web, port: { name: admin-http } } } }
          - { path: /b, pathType: Prefix, backend: { service: { name: web-admin, port: { name: http } } } }
${service("web", "admin-http", "10.0.0.1")}${service("web-admin", "http", "10.0.0.2")}`,
    ],
    [
      "of a HTTPRoute, over a TraefikService and without",
      `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec: { gatewayClassName: traefik, listeners: [{ name: a, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: g }]
  rules:
    - backendRefs: [{ name: b, port: 80, namespace: x-a }, { group: traefik.io, kind: TraefikService, name: t }]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: all, namespace: x-a }
spec: { from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default }], to: [{ group: "", kind: Service }] }
${service("b", "http", "10.0.0.1", "x-a")}${service("a-b", "http", "10.0.0.2", "x")}${traefik("TraefikService", "t", "weighted: { services: [{ name: a-b, port: 80, namespace: x }] }")}`,
    ],
  ];
  test.each(cases)("%s are told apart", (_, text) => {
    const translation = translateText(text, (settings) => {
      settings.crd.allowCrossNamespace = true;
    });
    expect(routedTo(translation)).toEqual(["10.0.0.1", "10.0.0.2"]);
  });

  test("of children with sessions have cookies of their own", () => {
    const { table } = translateText(
      route("services: [{ name: top, kind: TraefikService }]") +
        service("web", "admin-http", "10.0.0.1") +
        service("web-admin", "http", "10.0.0.2") +
        traefik(
          "TraefikService",
          "top",
          "weighted: { sticky: { cookie: {} }, services: [{ name: web, port: admin-http }, { name: web-admin, port: http }] }",
        ),
    );
    const top = table.services["default-top@kubernetescrd"];
    const values = top?.type === "weighted" ? top.children.map(({ cookieValue }) => cookieValue) : [];
    expect(new Set(values).size).toBe(2);
  });
});

test("certificates of one TLSStore are all there", async () => {
  const pairs = await Promise.all(["a.com", "b.com"].map((host) => makeCertificate([host], Date.now())));
  const secrets = pairs.map(({ cert, key }, index) => {
    const data = { "tls.crt": Buffer.from(cert).toString("base64"), "tls.key": Buffer.from(key).toString("base64") };
    const metadata = { name: index === 0 ? "c.x" : "c-x" };
    return `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, data })}\n`;
  });
  const store = traefik("TLSStore", "default", "certificates: [{ secretName: c.x }, { secretName: c-x }]");
  const { table } = translateText(store + secrets.join(""));
  expect(Object.values(table.certificates).map(({ key }) => key)).toEqual(pairs.map(({ key }) => key));
});
