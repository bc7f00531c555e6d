import { describe, expect, test } from "vitest";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";
import { linesOf, objectsOf, services, traefik, translateText } from "../translate-text.ts";
import { app, gateway, listener, type RouteText, route, toApp } from "./gateway-text.ts";

const translate = (rules: string[], more = "", options: RouteText = {}) =>
  translateText(gateway() + route(rules, options) + app + more);

const onlyService = (rules: string[], more = "") => {
  const { table } = translate(rules, more);
  return table.services[table.routers[0]?.service ?? ""];
};

test("a route becomes routers, services and endpoints", () => {
  const { table, problems } = translate([`{ matches: [{ path: { value: /api } }], ${toApp} }`], "", {
    hostnames: ["app.example.com"],
    created: "2026-01-02T03:04:05Z",
  });
  expect(problems.map(({ code }) => code)).toEqual(["service-no-endpoints"]);
  expect(table.routers).toEqual([
    {
      name: expect.stringMatching(/^httproute-default-app-0-0-[0-9a-f]{12}@kubernetesgateway$/),
      entryPoints: ["web"],
      tls: false,
      rule: {
        type: "and",
        rules: [
          { type: "host", host: "app.example.com" },
          { type: "pathPrefix", path: "/api", segments: true },
        ],
      },
      ruleText: "Host(`app.example.com`) && PathPrefix(`/api`)",
      priority: expect.any(Number),
      tieBreaker: expect.stringMatching(
        /^0 2026-01-02T03:04:05.000Z default\/app HTTPRoute 00000\.00000 [0-9a-f]{12}$/,
      ),
      middlewares: [],
      service: "default-app-80@kubernetesgateway",
    },
  ]);
  expect(table.services).toEqual({
    "default-app-80@kubernetesgateway": {
      type: "loadBalancer",
      endpoints: "default-app-80",
      scheme: "http",
      passHostHeader: true,
      transport: "gateway",
    },
  });
});

describe("matches", () => {
  const cases: [string, string, object][] = [
    ["nothing", "{}", { type: "any" }],
    ["a prefix", "{ path: { value: /a/ } }", { type: "pathPrefix", path: "/a", segments: true }],
    ["an exact path", "{ path: { type: Exact, value: /a/ } }", { type: "path", path: "/a/" }],
    ["a path in its decoded form", "{ path: { type: Exact, value: /a%20b } }", { type: "path", path: "/a b" }],
    ["a pattern", "{ path: { type: RegularExpression, value: ^/a.*z$ } }", { type: "pathRegexp", regexp: "^/a.*z$" }],
    ["a method", "{ method: POST }", { type: "method", method: "POST" }],
    ["a header", "{ headers: [{ name: X-A, value: b }] }", { type: "header", name: "X-A", value: "b" }],
    [
      "a header's pattern",
      "{ headers: [{ type: RegularExpression, name: X-A, value: b+ }] }",
      { type: "headerRegexp", name: "X-A", regexp: "b+" },
    ],
    ["a query parameter", "{ queryParams: [{ name: k, value: v }] }", { type: "query", key: "k", value: "v" }],
    [
      "a query parameter's pattern",
      "{ queryParams: [{ type: RegularExpression, name: k, value: v+ }] }",
      { type: "queryRegexp", key: "k", regexp: "v+" },
    ],
    [
      "several conditions",
      "{ path: { value: /a }, method: GET, headers: [{ name: x, value: y }] }",
      {
        type: "and",
        rules: [
          { type: "pathPrefix", path: "/a", segments: true },
          { type: "method", method: "GET" },
          { type: "header", name: "x", value: "y" },
        ],
      },
    ],
  ];
  test.each(cases)("%s", (_, match, rule) => {
    const translation = translate([`{ matches: [${match}], ${toApp} }`]);
    expect(linesOf(translation)).toEqual([]);
    expect(translation.table.routers.map((router) => router.rule)).toEqual([rule]);
  });

  test("of several conditions on one header the first counts", () => {
    const match = "{ headers: [{ name: x, value: a }, { name: X, value: b }] }";
    const translation = translate([`{ matches: [${match}], ${toApp} }`]);
    expect(translation.table.routers[0]?.rule).toEqual({ type: "header", name: "x", value: "a" });
    expect(linesOf(translation)).toEqual(["warning invalid-field HTTPRoute/app spec.rules.0.matches.0.headers.1"]);
  });

  const bad: [string, string, string][] = [
    [
      "a path without a slash",
      "{ path: { value: a } }",
      "error invalid-field HTTPRoute/app spec.rules.0.matches.0.path.value",
    ],
    [
      "an empty segment",
      "{ path: { value: /a//b } }",
      "error invalid-field HTTPRoute/app spec.rules.0.matches.0.path.value",
    ],
    [
      "a pattern that is none",
      "{ path: { type: RegularExpression, value: '(' } }",
      "error rule-regexp HTTPRoute/app spec.rules.0.matches.0.path.value",
    ],
    [
      "the header Host",
      "{ headers: [{ name: Host, value: a }] }",
      "error invalid-field HTTPRoute/app spec.rules.0.matches.0.headers.0.name",
    ],
    ["a method that is none", "{ method: get }", "error invalid-field HTTPRoute/app spec.rules.0.matches.0.method"],
    [
      "a header without a value",
      "{ headers: [{ name: a }] }",
      "error invalid-field HTTPRoute/app spec.rules.0.matches.0.headers.0.value",
    ],
  ];
  test.each(bad)("%s: the match is left out, the rule never widened", (_, match, line) => {
    const translation = translate([`{ matches: [${match}], ${toApp} }`]);
    expect(linesOf(translation)).toEqual([line]);
    expect(translation.table.routers).toEqual([]);
    expect(translate([`{ matches: [${match}, { method: GET }], ${toApp} }`]).table.routers).toHaveLength(1);
  });

  test("a misspelt condition does not take every request", () => {
    const translation = translate([`{ matches: [{ paths: { value: /a } }], ${toApp} }`]);
    expect(translation.table.routers).toEqual([]);
    expect(linesOf(translation)).toEqual([
      "warning unknown-field HTTPRoute/app spec.rules.0.matches.0.paths",
      "error invalid-field HTTPRoute/app spec.rules.0.matches.0",
    ]);
  });

  const host = "hostname: { type: Exact, value: a.example.com }";
  const hosted: [string, string, string[]][] = [
    ["beside other conditions", `[{ ${host}, path: { value: /a } }]`, ["PathPrefix(`/a`)"]],
    ["in a match of its own", `[{ ${host} }, { path: { value: /a } }]`, ["PathPrefix(`/a`)"]],
    ["alone", `[{ ${host} }]`, ["PathPrefix(`/`)"]],
  ];
  test.each(hosted)("a hostname %s has no effect", (_, matches, texts) => {
    const translation = translate([`{ matches: ${matches}, ${toApp} }`]);
    expect(linesOf(translation)).toEqual(["warning misplaced-field HTTPRoute/app spec.rules.0.matches.0.hostname"]);
    expect(translation.problems.find(({ code }) => code === "misplaced-field")?.hint).toContain("spec.hostnames");
    expect(translation.table.routers.map(({ ruleText }) => ruleText)).toEqual(texts);
  });
});

test("who goes first: host, path, method, headers, parameters, then age, name and place", () => {
  const match = (path: string, more = ""): string => `{ matches: [{ path: ${path}${more} }], ${toApp} }`;
  const header = ", headers: [{ name: a, value: b }]";
  const text =
    gateway() +
    route([match("{ value: / }")], { name: "any" }) +
    route([match("{ value: /long/path }")], { name: "wild", hostnames: ["*.example.com"] }) +
    route(
      [
        match("{ value: / }"),
        match("{ value: /a/b }"),
        match("{ value: /a }"),
        match("{ value: /a }", ", queryParams: [{ name: q, value: v }]"),
        match("{ value: /a }", header),
        match("{ value: /a }", ", method: GET"),
        match("{ type: Exact, value: /a }"),
        match("{ value: / }"),
      ],
      { name: "exact", hostnames: ["a.example.com"], created: "2026-01-02T00:00:00Z" },
    ) +
    route([match("{ value: / }")], { name: "older", hostnames: ["a.example.com"], created: "2026-01-01T00:00:00Z" }) +
    app;
  const order = translateText(text)
    .table.routers.toSorted((a, b) => b.priority - a.priority || (a.tieBreaker < b.tieBreaker ? -1 : 1))
    .map(({ name }) => name.replace(/^httproute-default-(.*)-0-[0-9a-f]{12}@.*$/, "$1"));
  expect(order).toEqual([
    "exact-6",
    "exact-1",
    "exact-5",
    "exact-4",
    "exact-3",
    "exact-2",
    "older-0",
    "exact-0",
    "exact-7",
    "wild-0",
    "any-0",
  ]);
});

describe("backends", () => {
  test("weights, 1 by default", () => {
    const refs =
      "backendRefs: [{ name: app, port: 80, weight: 9 }, { name: canary, port: 80 }, { name: old, port: 80, weight: 0 }]";
    expect(onlyService([`{ ${refs} }`], services("canary", "old"))).toEqual({
      type: "weighted",
      children: [
        { service: "default-app-80@kubernetesgateway", weight: 9 },
        { service: "default-canary-80@kubernetesgateway", weight: 1 },
        { service: "default-old-80@kubernetesgateway", weight: 0 },
      ],
    });
  });

  test("clients in place of requests, as an annotation says", () => {
    const annotated = (key: string): ReturnType<typeof translateText> =>
      translateText(
        gateway() +
          route([
            "{ backendRefs: [{ name: app, port: 80, weight: 95 }, { name: canary, port: 80, weight: 5 }] }",
          ]).replace('"name":"app"', `"name":"app","annotations":{"sluice.dev/client-key":"${key}"}`) +
          app +
          services("canary"),
      );
    const { table, problems } = annotated("header X-User");
    expect(linesOf({ problems })).toEqual([]);
    expect(table.services[table.routers[0]?.service ?? ""]).toMatchObject({
      type: "weighted",
      clientKey: { type: "header", name: "x-user" },
      children: [{ weight: 95, cookieValue: expect.any(String) }, { weight: 5 }],
    });
    expect(linesOf(annotated("query"))).toEqual([
      "warning invalid-field HTTPRoute/app metadata.annotations.sluice.dev/client-key",
    ]);
  });

  const bad: [string, string, string][] = [
    [
      "an absent Service",
      "{ name: gone, port: 80, weight: 3 }",
      "error service-not-found HTTPRoute/app spec.rules.0.backendRefs.1",
    ],
    [
      "an absent port",
      "{ name: app, port: 81, weight: 3 }",
      "error service-port-not-found HTTPRoute/app spec.rules.0.backendRefs.1",
    ],
    [
      "another kind",
      "{ kind: Bucket, name: b, weight: 3 }",
      "error backend-not-found HTTPRoute/app spec.rules.0.backendRefs.1.kind",
    ],
    [
      "an unreadable port",
      "{ name: app, port: http, weight: 3 }",
      "error invalid-field HTTPRoute/app spec.rules.0.backendRefs.1.port",
    ],
    [
      "a filter that there is not",
      "{ name: app, port: 80, weight: 3, filters: [{ type: Teleport }] }",
      "error filter-unsupported HTTPRoute/app spec.rules.0.backendRefs.1.filters.0.type",
    ],
    [
      "another namespace",
      "{ name: app, namespace: other, port: 80, weight: 3 }",
      "error reference-not-permitted HTTPRoute/app spec.rules.0.backendRefs.1.namespace",
    ],
  ];
  test.each(bad)("%s gets 500 for its share", (_, ref, line) => {
    const translation = translate([`{ backendRefs: [{ name: app, port: 80 }, ${ref}] }`]);
    expect(linesOf(translation)).toEqual([line]);
    const { routers, services } = translation.table;
    expect(services[routers[0]?.service ?? ""]).toEqual({
      type: "weighted",
      children: [
        { service: "default-app-80@kubernetesgateway", weight: 1 },
        { service: "invalid-backend@internal", weight: 3 },
      ],
    });
    expect(services["invalid-backend@internal"]).toEqual({ type: "status", status: 500 });
  });

  const nobody: [string, string, string][] = [
    ["no backend", "{ name: rule }", "error backend-not-found HTTPRoute/app spec.rules.0"],
    [
      "only weights of 0",
      "{ backendRefs: [{ name: app, port: 80, weight: 0 }] }",
      "warning weights-empty HTTPRoute/app spec.rules.0.backendRefs",
    ],
  ];
  test.each(nobody)("%s answers 500", (_, rule, line) => {
    expect(onlyService([rule])).toEqual({ type: "status", status: 500 });
    expect(linesOf(translate([rule]))).toEqual([line]);
  });

  test("ExternalName is never dialled", () => {
    const external =
      "---\napiVersion: v1\nkind: Service\nmetadata: { name: ext }\nspec: { type: ExternalName, externalName: a.example.com, ports: [{ port: 80 }] }\n";
    expect(onlyService(["{ backendRefs: [{ name: ext, port: 80 }] }"], external)).toEqual({
      type: "status",
      status: 500,
    });
  });

  test("h2c by application protocol", () => {
    const grpc =
      "---\napiVersion: v1\nkind: Service\nmetadata: { name: grpc }\nspec: { ports: [{ port: 80, appProtocol: kubernetes.io/h2c }] }\n";
    expect(onlyService(["{ backendRefs: [{ name: grpc, port: 80 }] }"], grpc)).toMatchObject({ scheme: "h2c" });
  });

  test("a TraefikService", () => {
    const weighted = traefik("TraefikService", "split", "weighted: { services: [{ name: app, port: 80 }] }");
    const ref = "{ group: traefik.io, kind: TraefikService, name: split }";
    expect(onlyService([`{ backendRefs: [${ref}] }`], weighted)).toMatchObject({ type: "weighted" });
  });

  test("the same Service with and without a session are two services", () => {
    const { table } = translate([
      `{ sessionPersistence: { sessionName: s }, ${toApp} }`,
      `{ matches: [{ method: GET }], ${toApp} }`,
    ]);
    const [first, second] = table.routers.map(({ service }) => table.services[service]);
    expect([first, second].filter((service) => service !== undefined && "sticky" in service)).toHaveLength(1);
  });
});

describe("ReferenceGrant", () => {
  const there =
    "---\napiVersion: v1\nkind: Service\nmetadata: { name: app, namespace: other }\nspec: { ports: [{ port: 80 }] }\n";
  const grant = (from: string, to: string, namespace = "other"): string => `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: grant, namespace: ${namespace} }
spec: { from: [${from}], to: [${to}] }
`;
  const from = "{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default }";
  const to = "{ group: '', kind: Service }";
  const rule = "{ backendRefs: [{ name: app, namespace: other, port: 80 }] }";
  const cases: [string, string, boolean][] = [
    ["all Services", grant(from, to), true],
    ["this Service", grant(from, "{ group: '', kind: Service, name: app }"), true],
    ["another Service", grant(from, "{ group: '', kind: Service, name: api }"), false],
    ["Secrets", grant(from, "{ group: '', kind: Secret }"), false],
    ["another group", grant(from, "{ group: example.com, kind: Service }"), false],
    ["to Gateways", grant(from.replace("HTTPRoute", "Gateway"), to), false],
    ["to another namespace", grant(from.replace("default", "shop"), to), false],
    ["to routes of another group", grant(from.replace("gateway.networking.k8s.io", "''"), to), false],
    ["in another namespace", grant(from, to, "default"), false],
    ["one that cannot be read", grant("7", to), false],
  ];
  test.each(cases)("%s", (_, text, isPermitted) => {
    expect(onlyService([rule], there + text)?.type).toBe(isPermitted ? "loadBalancer" : "status");
  });

  test("withdrawn, the reference ends", () => {
    const objects = objectsOf(gateway() + route([rule]) + there + grant(from, to));
    const store = createObjectStore(objects);
    const translator = createTranslator(defaultSettings());
    const serviceType = (): string | undefined => {
      const { table } = translator.translate(store);
      return table.services[table.routers[0]?.service ?? ""]?.type;
    };
    expect(serviceType()).toBe("loadBalancer");
    store.remove("ReferenceGrant", "other", "grant");
    expect(serviceType()).toBe("status");
  });
});

describe("filters", () => {
  const middlewaresOf = (filters: string, matches = "[{ path: { value: /a } }]", more = "") => {
    const { table } = translate([`{ matches: ${matches}, filters: [${filters}], ${toApp} }`], more);
    return table.routers.map(({ middlewares }) => middlewares.map((name) => table.middlewares[name]));
  };
  const redirect = (fields: string): string => `{ type: RequestRedirect, requestRedirect: { ${fields} } }`;

  const cases: [string, string, object][] = [
    [
      "request headers",
      "{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: a, value: b }], remove: [c] } }",
      { type: "headerModifier", on: "request", set: [{ name: "a", value: "b" }], remove: ["c"] },
    ],
    [
      "response headers",
      "{ type: ResponseHeaderModifier, responseHeaderModifier: { add: [{ name: a, value: b }] } }",
      { type: "headerModifier", on: "response", add: [{ name: "a", value: "b" }] },
    ],
    [
      "another host and prefix",
      "{ type: URLRewrite, urlRewrite: { hostname: b.example.com, path: { type: ReplacePrefixMatch, replacePrefixMatch: /b } } }",
      { type: "urlRewrite", hostname: "b.example.com", path: { type: "prefix", from: "/a", to: "/b" } },
    ],
    [
      "another path",
      "{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /b } } }",
      { type: "urlRewrite", path: { type: "full", path: "/b" } },
    ],
    [
      "a redirect keeps the listener's port",
      redirect("hostname: b.com"),
      { type: "requestRedirect", hostname: "b.com", port: 80, statusCode: 302 },
    ],
    [
      "a redirect to a scheme goes to its own port",
      redirect("scheme: https, statusCode: 301"),
      { type: "requestRedirect", scheme: "https", statusCode: 301 },
    ],
    [
      "a redirect to a port",
      redirect("scheme: https, port: 8443, path: { type: ReplaceFullPath, replaceFullPath: /x }"),
      { type: "requestRedirect", scheme: "https", port: 8443, statusCode: 302, path: { type: "full", path: "/x" } },
    ],
    [
      "CORS",
      "{ type: CORS, cors: { allowOrigins: ['https://a.com', 'https://*.b.com'], allowMethods: [GET], allowCredentials: true, maxAge: 10 } }",
      {
        type: "headers",
        accessControlAllowOriginList: ["https://a.com"],
        accessControlAllowOriginListRegex: ["^https://[A-Za-z0-9.-]+\\.b\\.com$"],
        accessControlAllowCredentials: true,
        accessControlAllowMethods: ["GET"],
        accessControlAllowHeaders: [],
        accessControlExposeHeaders: [],
        accessControlMaxAge: 10,
        addVaryHeader: true,
      },
    ],
  ];
  test.each(cases)("%s", (_, filter, middleware) => {
    expect(middlewaresOf(filter)).toEqual([[middleware]]);
  });

  test("in the order in which they are written", () => {
    const rewrite = "{ type: URLRewrite, urlRewrite: { hostname: b.example.com } }";
    const modify = "{ type: RequestHeaderModifier, requestHeaderModifier: { remove: [a] } }";
    expect(middlewaresOf(`${modify}, ${rewrite}`)).toMatchObject([
      [{ type: "headerModifier" }, { type: "urlRewrite" }],
    ]);
  });

  test("each match replaces its own prefix", () => {
    const rewrite = "{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /z } } }";
    const froms = middlewaresOf(rewrite, "[{ path: { value: /a } }, { path: { value: /b } }]")
      .flat()
      .map((middleware) =>
        middleware?.type === "urlRewrite" && middleware.path?.type === "prefix" ? middleware.path.from : "",
      );
    expect(froms.sort()).toEqual(["/a", "/b"]);
  });

  test("a redirect needs no backend", () => {
    const translation = translate([`{ filters: [${redirect("scheme: https")}] }`]);
    expect(linesOf(translation)).toEqual([]);
    expect(translation.table.routers).toMatchObject([{ middlewares: [expect.any(String)], service: "noop@internal" }]);
  });

  test("listeners on two ports redirect each to its own", () => {
    const text =
      gateway(listener("http"), listener("https", "", 443, "HTTPS")) +
      route([`{ filters: [${redirect("hostname: b.com")}] }`]);
    const { table } = translateText(text);
    const ports = table.routers.map(({ tls, middlewares: [name = ""] }) => {
      const middleware = table.middlewares[name];
      return [tls, middleware?.type === "requestRedirect" ? middleware.port : undefined];
    });
    expect(ports.sort()).toEqual([
      [false, 80],
      [true, 443],
    ]);
  });

  test("mirrors stand around the weights", () => {
    const mirror = (fields: string): string =>
      `{ type: RequestMirror, requestMirror: { backendRef: { name: m, port: 80 }${fields} } }`;
    const filters = [
      mirror(""),
      mirror(", percent: 5"),
      mirror(", fraction: { numerator: 1, denominator: 1000 }"),
      mirror(", fraction: { numerator: 7 }"),
    ].join(", ");
    const rule = `{ filters: [${filters}], backendRefs: [{ name: app, port: 80 }, { name: b, port: 80 }] }`;
    const { table } = translate([rule], services("m", "b"));
    const mirroring = table.services[table.routers[0]?.service ?? ""];
    const service = "default-m-80@kubernetesgateway";
    expect(mirroring).toEqual({
      type: "mirroring",
      service: "httproute-default-app-0-wrr@kubernetesgateway",
      mirrorBody: true,
      maxBodySize: -1,
      mirrors: [
        { service, percent: 100 },
        { service, percent: 5 },
        { service, percent: 0.1 },
        { service, percent: 7 },
      ],
    });
    expect(table.services["httproute-default-app-0-wrr@kubernetesgateway"]?.type).toBe("weighted");
  });

  test("a mirror that does not exist is left out, and the main request served", () => {
    const translation = translate([
      `{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: m, port: 80 } } }], ${toApp} }`,
    ]);
    expect(linesOf(translation)).toEqual([
      "error service-not-found HTTPRoute/app spec.rules.0.filters.0.requestMirror.backendRef",
    ]);
    expect(translation.table.routers[0]?.service).toBe("default-app-80@kubernetesgateway");
  });

  test("filters of one backend", () => {
    const filter = "{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: a, value: b }] } }";
    const rule = `{ backendRefs: [{ name: app, port: 80, filters: [${filter}] }, { name: b, port: 80 }] }`;
    const { table } = translate([rule], services("b"));
    const weighted = table.services[table.routers[0]?.service ?? ""];
    const [first] = weighted?.type === "weighted" ? weighted.children : [];
    expect(table.services[first?.service ?? ""]).toEqual({
      type: "filtered",
      middlewares: [expect.stringContaining("headerModifier")],
      service: "default-app-80@kubernetesgateway",
    });
  });

  const extension = (name: string, group = "traefik.io", kind = "Middleware"): string =>
    `{ type: ExtensionRef, extensionRef: { group: ${group}, kind: ${kind}, name: ${name} } }`;

  test("a Middleware of Traefik", () => {
    const middleware = traefik("Middleware", "add", "addPrefix: { prefix: /b }");
    for (const group of ["traefik.io", "traefik.containo.us"]) {
      expect(middlewaresOf(extension("add", group), "[{}]", middleware)).toEqual([
        [{ type: "addPrefix", prefix: "/b" }],
      ]);
    }
  });

  test("a Middleware that is missing closes the rule", () => {
    const translation = translate([`{ filters: [${extension("gone")}], ${toApp} }`]);
    expect(linesOf(translation)).toEqual([
      "error middleware-not-found HTTPRoute/app spec.rules.0.filters.0.extensionRef.name",
    ]);
    expect(translation.table.routers).toMatchObject([{ closedBy: "middleware-not-found" }]);
  });

  const refused: [string, string, string][] = [
    [
      "an unknown type",
      "{ type: Teleport, teleport: {} }",
      "error filter-unsupported HTTPRoute/app spec.rules.0.filters.0.type",
    ],
    [
      "a foreign extension",
      extension("x", "example.com"),
      "error filter-unsupported HTTPRoute/app spec.rules.0.filters.0.extensionRef",
    ],
    [
      "a header that is none",
      "{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: 'a b', value: c }] } }",
      "error invalid-field HTTPRoute/app spec.rules.0.filters.0.requestHeaderModifier.set.0.name",
    ],
    [
      "a status that is no redirect",
      redirect("statusCode: 200"),
      "error invalid-field HTTPRoute/app spec.rules.0.filters.0.requestRedirect.statusCode",
    ],
    [
      "CORS with * and credentials",
      "{ type: CORS, cors: { allowOrigins: ['*'], allowHeaders: ['*'], allowCredentials: true } }",
      "error filter-unsupported HTTPRoute/app spec.rules.0.filters.0.cors",
    ],
    [
      "a redirect to no host",
      redirect("hostname: 'a b'"),
      "error invalid-field HTTPRoute/app spec.rules.0.filters.0.requestRedirect.hostname",
    ],
  ];
  test.each(refused)("%s: the rule answers 500", (_, filter, line) => {
    const translation = translate([`{ filters: [${filter}], ${toApp} }`]);
    expect(linesOf(translation)).toEqual([line]);
    expect(translation.table.routers).toMatchObject([{ service: "invalid-backend@internal", middlewares: [] }]);
  });

  test("ReplacePrefixMatch without a prefix: only that match answers 500", () => {
    const rewrite = "{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /z } } }";
    const rule = `{ matches: [{ path: { value: /a } }, { path: { type: Exact, value: /b } }], filters: [${rewrite}], ${toApp} }`;
    const services = Object.fromEntries(
      translate([rule]).table.routers.map(({ ruleText, service }) => [ruleText, service]),
    );
    expect(services).toEqual({
      "PathPrefix(`/a`)": "default-app-80@kubernetesgateway",
      "Path(`/b`)": "invalid-backend@internal",
    });
  });
});

test("names that look alike lead to different Pods", () => {
  const service = (namespace: string, name: string, ip: string): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { clusterIP: ${ip}, ports: [{ port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: grant, namespace: ${namespace} }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default }]
  to: [{ group: "", kind: Service }]
`;
  const refs = "[{ name: c, namespace: a-b, port: 80 }, { name: b-c, namespace: a, port: 80 }]";
  const { table } = translate(
    [`{ backendRefs: ${refs} }`],
    service("a-b", "c", "10.0.0.1") + service("a", "b-c", "10.0.0.2"),
  );
  const addresses = Object.values(table.endpoints).map(({ clusterIp }) => clusterIp?.address);
  expect(addresses.sort()).toEqual(["10.0.0.1", "10.0.0.2"]);
});
