import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grpcPriorityOf, type Precedence } from "../../../sync-agent/translate/gateway-api/precedence.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";
import { app, gateway, listener, type RouteText, route, toApp } from "./gateway-text.ts";

const translate = (rules: string[], more = "", options: RouteText = {}) =>
  translateText(gateway() + route(rules, { kind: "GRPCRoute", ...options }) + app + more);

const rulesOf = (matches: string) => {
  const translation = translate([`{ matches: [${matches}], ${toApp} }`]);
  return { rules: translation.table.routers.map(({ rule }) => rule), lines: linesOf(translation) };
};

test("a route becomes routers, and services that are spoken to over h2c", () => {
  const { table, problems } = translate([`{ matches: [{ method: { service: a.B, method: Get } }], ${toApp} }`], "", {
    hostnames: ["grpc.example.com"],
  });
  expect(problems.map(({ code }) => code)).toEqual(["service-no-endpoints"]);
  expect(table.routers).toEqual([
    {
      name: expect.stringMatching(/^grpcroute-default-app-0-0-[0-9a-f]{12}@kubernetesgateway$/),
      entryPoints: ["web"],
      tls: false,
      rule: {
        type: "and",
        rules: [
          { type: "host", host: "grpc.example.com" },
          { type: "path", path: "/a.B/Get" },
        ],
      },
      ruleText: "Host(`grpc.example.com`) && Path(`/a.B/Get`)",
      priority: expect.any(Number),
      tieBreaker: expect.stringMatching(/^0 ~ default\/app GRPCRoute 00000\.00000 [0-9a-f]{12}$/),
      middlewares: [],
      service: "default-app-80-h2c@kubernetesgateway",
    },
  ]);
  expect(table.services).toEqual({
    "default-app-80-h2c@kubernetesgateway": {
      type: "loadBalancer",
      endpoints: "default-app-80",
      scheme: "h2c",
      passHostHeader: true,
      transport: "gateway",
    },
  });
});

describe("matches", () => {
  test.each<[string, string, object]>([
    ["nothing", "{}", { type: "any" }],
    ["a service", "{ method: { service: a.B } }", { type: "pathPrefix", path: "/a.B", segments: true }],
    ["a method of any service", "{ method: { method: Get } }", { type: "pathRegexp", regexp: "^/[^/]+/Get$" }],
    [
      "patterns",
      '{ method: { type: RegularExpression, service: "a|b", method: "Get.*" } }',
      { type: "pathRegexp", regexp: "^/(?:a|b)/(?:Get.*)$" },
    ],
    [
      "a pattern of services",
      "{ method: { type: RegularExpression, service: a.+ } }",
      { type: "pathRegexp", regexp: "^/(?:a.+)/[^/]+$" },
    ],
    ["a header", "{ headers: [{ name: version, value: two }] }", { type: "header", name: "version", value: "two" }],
    [
      "a method and a header's pattern",
      "{ method: { service: B, method: G }, headers: [{ type: RegularExpression, name: version, value: t.o }] }",
      {
        type: "and",
        rules: [
          { type: "path", path: "/B/G" },
          { type: "headerRegexp", name: "version", regexp: "t.o" },
        ],
      },
    ],
  ])("%s", (_, match, rule) => {
    expect(rulesOf(match)).toEqual({ rules: [rule], lines: [] });
  });

  test.each<[string, string, string]>([
    ["a method without a name", "{ method: {} }", "error invalid-field GRPCRoute/app spec.rules.0.matches.0.method"],
    [
      "a service that is a path",
      "{ method: { service: a/B } }",
      "error invalid-field GRPCRoute/app spec.rules.0.matches.0.method.service",
    ],
    [
      "a method that is none",
      "{ method: { service: a.B, method: 'Get!' } }",
      "error invalid-field GRPCRoute/app spec.rules.0.matches.0.method.method",
    ],
    [
      "a pattern that is none",
      "{ method: { type: RegularExpression, method: '(' } }",
      "error rule-regexp GRPCRoute/app spec.rules.0.matches.0.method.method",
    ],
    [
      "a pattern that would take away the rest of the rule's",
      "{ method: { type: RegularExpression, service: 'a)|(b' } }",
      "error rule-regexp GRPCRoute/app spec.rules.0.matches.0.method.service",
    ],
  ])("%s is left out, and said", (_, match, line) => {
    expect(rulesOf(match)).toEqual({ rules: [], lines: [line] });
  });

  test("one of which nothing is a condition takes no call", () => {
    const { rules, lines } = rulesOf("{ path: { value: /a.B/Get } }");
    expect(rules).toEqual([]);
    expect(lines).toContain("error invalid-field GRPCRoute/app spec.rules.0.matches.0");
  });
});

test("the precedence is that of the specification, criterion after criterion", () => {
  const criteria: ((match: Precedence) => number)[] = [
    ({ host }) => host.length,
    ({ pathLength }) => pathLength,
    ({ methodLength = 0 }) => methodLength,
    ({ headers }) => headers,
  ];
  const length = fc.integer({ min: 0, max: 500 });
  const match: fc.Arbitrary<Precedence> = fc.record({
    host: fc.constantFrom("a.example.com", "long.example.com"),
    routeHost: fc.constant(""),
    isExactPath: fc.boolean(),
    pathLength: length,
    methodLength: length,
    hasMethod: fc.constant(false),
    headers: fc.integer({ min: 0, max: 16 }),
    queryParams: fc.constant(0),
  });
  fc.assert(
    fc.property(match, match, (a, b) => {
      const difference = criteria.map((criterion) => criterion(a) - criterion(b)).find((one) => one !== 0) ?? 0;
      expect(Math.sign(grpcPriorityOf(a) - grpcPriorityOf(b))).toBe(Math.sign(difference));
    }),
  );
});

describe("backends", () => {
  const service = (port: string) =>
    `---\napiVersion: v1\nkind: Service\nmetadata: { name: tls }\nspec: { ports: [${port}] }\n`;

  test.each([
    ["{ port: 80, appProtocol: kubernetes.io/h2c }", "h2c"],
    ["{ port: 80, appProtocol: http }", "h2c"],
    ["{ port: 80, appProtocol: https }", "https"],
    ["{ port: 80, name: https-grpc }", "https"],
  ])("a port like %s is spoken to over %s", (port, scheme) => {
    const { table } = translate(["{ backendRefs: [{ name: tls, port: 80 }] }"], service(port));
    expect(Object.values(table.services)).toMatchObject([{ type: "loadBalancer", scheme }]);
  });

  test("a HTTPRoute to the same port has a service of its own", () => {
    const { table } = translate([`{ ${toApp} }`], route([`{ ${toApp} }`], { name: "http" }));
    const schemes = Object.values(table.services).map((one) => one.type === "loadBalancer" && one.scheme);
    expect(schemes.sort()).toEqual(["h2c", "http"]);
  });

  test("several are weighted", () => {
    const refs = "backendRefs: [{ name: app, port: 80, weight: 9 }, { name: b, port: 80 }]";
    const { table } = translate([`{ ${refs} }`], services("b"));
    expect(table.services[table.routers[0]?.service ?? ""]).toEqual({
      type: "weighted",
      children: [
        { service: "default-app-80-h2c@kubernetesgateway", weight: 9 },
        { service: "default-b-80-h2c@kubernetesgateway", weight: 1 },
      ],
    });
  });

  const grant = (kind: string) => `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: grant, namespace: other }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: ${kind}, namespace: default }]
  to: [{ group: "", kind: Service }]
---
apiVersion: v1
kind: Service
metadata: { name: far, namespace: other }
spec: { ports: [{ port: 80 }] }
`;
  const far = "{ backendRefs: [{ name: far, namespace: other, port: 80 }] }";

  test("a grant for GRPCRoutes permits one in another namespace", () => {
    const translation = translate([far], grant("GRPCRoute"));
    expect(linesOf(translation)).toEqual([]);
    expect(Object.keys(translation.table.services)).toEqual(["other-far-80-h2c@kubernetesgateway"]);
  });

  test("a grant for HTTPRoutes does not", () => {
    const translation = translate([far], grant("HTTPRoute"));
    expect(linesOf(translation)).toEqual([
      "error reference-not-permitted GRPCRoute/app spec.rules.0.backendRefs.0.namespace",
    ]);
    expect(translation.table.services[translation.table.routers[0]?.service ?? ""]).toMatchObject({ type: "status" });
  });
});

describe("filters", () => {
  test("headers are changed, calls are mirrored", () => {
    const set = "requestHeaderModifier: { set: [{ name: a, value: b }] }";
    const filters = `[{ type: RequestHeaderModifier, ${set} }, { type: RequestMirror, requestMirror: { backendRef: { name: b, port: 80 } } }]`;
    const translation = translate([`{ filters: ${filters}, ${toApp} }`], services("b"));
    expect(linesOf(translation)).toEqual([]);
    const { routers, services: built, middlewares } = translation.table;
    expect(routers[0]?.middlewares.map((name) => middlewares[name])).toMatchObject([{ type: "headerModifier" }]);
    expect(built[routers[0]?.service ?? ""]).toMatchObject({
      type: "mirroring",
      service: "default-app-80-h2c@kubernetesgateway",
      mirrors: [{ service: "default-b-80-h2c@kubernetesgateway", percent: 100 }],
    });
  });

  const extension = "filters: [{ type: ExtensionRef, extensionRef: { group: traefik.io, kind: Middleware, name: m } }]";

  test("a Middleware guards the calls", () => {
    const allow = traefik("Middleware", "m", "{ ipAllowList: { sourceRange: [10.0.0.0/8] } }");
    const { table } = translate([`{ ${extension}, ${toApp} }`], allow);
    expect(table.routers[0]?.middlewares).toEqual(["default-m@kubernetescrd"]);
  });

  test("without its Middleware the route is closed", () => {
    const { table } = translate([`{ ${extension}, ${toApp} }`]);
    expect(table.routers[0]?.closedBy).toBe("middleware-not-found");
  });

  test.each(["URLRewrite", "RequestRedirect", "CORS"])("%s is none of a GRPCRoute", (type) => {
    const translation = translate([`{ filters: [{ type: ${type} }], ${toApp} }`]);
    expect(linesOf(translation)).toEqual(["error filter-unsupported GRPCRoute/app spec.rules.0.filters.0.type"]);
    expect(translation.table.routers[0]?.service).toBe("invalid-backend@internal");
  });
});

test("a listener that takes HTTPRoutes alone takes no GRPCRoute", () => {
  const only = listener("http", "allowedRoutes: { kinds: [{ kind: HTTPRoute }] }");
  const translation = translateText(gateway(only) + route([`{ ${toApp} }`], { kind: "GRPCRoute" }) + app);
  expect(linesOf(translation)).toEqual(["error parent-not-found GRPCRoute/app spec.parentRefs.0"]);
});
