import { describe, expect, test } from "vitest";
import type { TranslateSettings } from "../../../sync-agent/translate/settings.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const PREFIX = "traefik.ingress.kubernetes.io";

function ingress(spec: string, annotations: Record<string, string> = {}, more = ""): string {
  const metadata = JSON.stringify({ name: "app", annotations });
  return `---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: ${metadata}\nspec:\n${spec.replace(/^/gm, "  ")}\n${more}`;
}

const toApp = "backend: { service: { name: app, port: { number: 80 } } }";
const path = (value: string, type: string, backend = toApp): string =>
  `{ path: ${JSON.stringify(value)}, pathType: ${type}, ${backend} }`;
const rules = (host: string, ...paths: string[]): string =>
  `rules:\n  - host: ${JSON.stringify(host)}\n    http:\n      paths:\n${paths.map((one) => `        - ${one}`).join("\n")}`;
const plain = rules("a.example.com", path("/", "Prefix"));

const annotated = (annotations: Record<string, string>, spec = plain): string =>
  ingress(spec, Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value])));

const service = (annotations: Record<string, string>, spec = "{ ports: [{ port: 80 }] }"): string => {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value]));
  return `---\napiVersion: v1\nkind: Service\nmetadata: ${JSON.stringify({ name: "app", annotations: prefixed })}\nspec: ${spec}\n`;
};

describe("a rule of its own", () => {
  const own = (rule: string, spec = plain): string =>
    ingress(spec, { "sluice.dev/router.match": rule }) + services("app");

  test.each([
    ["Cookie(`a`, `b`)", "Host(`a.example.com`) && PathPrefix(`/`) && Cookie(`a`, `b`)"],
    [
      "Cookie(`a`, `b`) || Percent(`5`)",
      "Host(`a.example.com`) && PathPrefix(`/`) && (Cookie(`a`, `b`) || Percent(`5`))",
    ],
  ])("%s is asked besides host and path, and makes the rule longer", (rule, text) => {
    const { table } = translateText(own(rule));
    expect(table.routers.map(({ ruleText, priority }) => [ruleText, priority])).toEqual([[text, text.length]]);
    expect(table.routers[0]?.rule).toMatchObject({
      type: "and",
      rules: [{ type: "host" }, { type: "pathPrefix" }, {}],
    });
  });

  test("a default backend is asked for it too", () => {
    const { table } = translateText(
      own("Country(`DE`)", "defaultBackend: { service: { name: app, port: { number: 80 } } }"),
    );
    expect(table.routers.map(({ rule }) => rule)).toEqual([{ type: "country", country: "DE" }]);
  });

  test("one that does not parse lets nobody in", () => {
    const { table, problems } = translateText(own("Cookie(`a`"));
    expect(table.routers).toEqual([]);
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: "rule-syntax",
        severity: "error",
        path: ["metadata", "annotations", "sluice.dev/router.match"],
      }),
    );
  });

  test("an annotation that there is not is reported with the nearest name", () => {
    const { problems } = translateText(ingress(plain, { "sluice.dev/router.mach": "x" }) + services("app"));
    expect(problems).toContainEqual(
      expect.objectContaining({ code: "unknown-field", hint: expect.stringContaining("router.match") }),
    );
  });
});

describe("what becomes of an Ingress", () => {
  test("a path becomes a router and a service with Traefik's names", () => {
    const { table, problems } = translateText(ingress(plain) + services("app"));
    expect(problems.map(({ code }) => code)).toEqual(["service-no-endpoints"]);
    expect(table.routers).toEqual([
      {
        name: "default-app-a-example-com@kubernetes",
        entryPoints: ["web", "websecure"],
        tls: false,
        rule: {
          type: "and",
          rules: [
            { type: "host", host: "a.example.com" },
            { type: "pathPrefix", path: "/" },
          ],
        },
        ruleText: "Host(`a.example.com`) && PathPrefix(`/`)",
        priority: 40,
        tieBreaker: "2 ~ default/app Ingress 00000.00000",
        middlewares: [],
        service: "default-app-80@kubernetes",
      },
    ]);
    expect(table.services).toEqual({
      "default-app-80@kubernetes": {
        type: "loadBalancer",
        endpoints: "default-app-80",
        scheme: "http",
        passHostHeader: true,
        transport: "gateway",
      },
    });
    expect(table.endpoints).toEqual({ "default-app-80": { endpoints: [] } });
  });

  test("the older API versions", () => {
    const text = (version: string): string => `---
apiVersion: ${version}
kind: Ingress
metadata: { name: app }
spec:
  backend: { serviceName: rest, servicePort: 80 }
  rules: [{ host: a.example.com, http: { paths: [{ backend: { serviceName: app, servicePort: web } }] } }]
`;
    const named = service({}, "{ ports: [{ name: web, port: 80 }] }");
    for (const version of ["extensions/v1beta1", "networking.k8s.io/v1beta1"]) {
      const translation = translateText(text(version) + named + services("rest"));
      expect(linesOf(translation)).toEqual([]);
      expect(translation.table.routers.map(({ ruleText, service }) => [ruleText, service])).toEqual([
        ["Host(`a.example.com`)", "default-app-web@kubernetes"],
        ["PathPrefix(`/`)", "default-rest-80@kubernetes"],
      ]);
    }
  });

  test("the default backend gets what no rule takes", () => {
    const { table } = translateText(
      ingress(`defaultBackend: { service: { name: app, port: { number: 80 } } }`) + services("app"),
    );
    expect(table.routers).toMatchObject([
      { name: "default-router@kubernetes", rule: { type: "any" }, priority: -2_147_483_648 },
    ]);
  });
});

describe("rules", () => {
  const cases: [string, string, string, string][] = [
    ["a prefix", rules("", path("/a", "Prefix")), "PathPrefix(`/a`)", '{"type":"pathPrefix","path":"/a"}'],
    ["an exact path", rules("", path("/a", "Exact")), "Path(`/a`)", '{"type":"path","path":"/a"}'],
    [
      "left to the controller",
      rules("", path("/a", "ImplementationSpecific")),
      "PathPrefix(`/a`)",
      '{"type":"pathPrefix","path":"/a"}',
    ],
    [
      "a wildcard takes one label",
      `rules: [{ host: "*.example.com", http: { paths: [{ pathType: Prefix, ${toApp} }] } }]`,
      "Host(`*.example.com`)",
      '{"type":"hostWildcard","suffix":"example.com"}',
    ],
    [
      "neither host nor path",
      `rules: [{ http: { paths: [{ pathType: Prefix, ${toApp} }] } }]`,
      "PathPrefix(`/`)",
      '{"type":"any"}',
    ],
    ["a backtick", rules("", path("/a`b", "Exact")), 'Path("/a`b")', '{"type":"path","path":"/a`b"}'],
  ];
  test.each(cases)("%s", (_, spec, text, rule) => {
    const translation = translateText(ingress(spec) + services("app"));
    expect(linesOf(translation)).toEqual([]);
    expect(translation.table.routers).toMatchObject([{ ruleText: text, rule: JSON.parse(rule) }]);
  });

  const strict: [string, string, object][] = [
    ["/a", "(Path(`/a`) || PathPrefix(`/a/`))", { type: "pathPrefix", path: "/a", segments: true }],
    ["/a/", "(Path(`/a`) || PathPrefix(`/a/`))", { type: "pathPrefix", path: "/a/", segments: true }],
    ["/", "PathPrefix(`/`)", { type: "pathPrefix", path: "/" }],
  ];
  test.each(strict)("strict prefix %s", (value, text, rule) => {
    const { table } = translateText(ingress(rules("", path(value, "Prefix"))) + services("app"), (settings) => {
      settings.ingress.strictPrefixMatching = true;
    });
    expect(table.routers).toMatchObject([{ ruleText: text, rule }]);
  });

  test("an exact path goes before each of its prefixes, a longer prefix before a shorter", () => {
    const spec = rules(
      "a.example.com",
      path("/", "Prefix"),
      path("/a", "Prefix"),
      path("/a", "Exact"),
      path("/a/b", "Prefix"),
    );
    const { table } = translateText(ingress(spec) + services("app"));
    const byPriority = table.routers.toSorted((a, b) => b.priority - a.priority).map(({ ruleText }) => ruleText);
    expect(byPriority.map((text) => text.replace(/.* && /, ""))).toEqual([
      "PathPrefix(`/a/b`)",
      "Path(`/a`)",
      "PathPrefix(`/a`)",
      "PathPrefix(`/`)",
    ]);
  });

  test("a host goes before the wildcard that covers it", () => {
    const two =
      ingress(rules("*.example.com", path("/", "Prefix"))) +
      ingress(rules("a.example.com", path("/", "Prefix"))).replace('"app"', '"b"');
    const { table } = translateText(two + services("app"));
    const [exact, wildcard] = table.routers.toSorted((a, b) => b.priority - a.priority);
    expect(exact?.priority).toBeGreaterThan(wildcard?.priority ?? 0);
    expect(exact?.ruleText).toContain("a.example.com");
  });

  test("routers with one name are told apart by their rules", () => {
    const spec = rules("a.example.com", path("/a", "Prefix"), path("/a", "Exact"), path("/a", "Prefix"));
    const translation = translateText(ingress(spec) + services("app"));
    expect(translation.table.routers.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^default-app-a-example-com-a-[0-9a-f]{20}@kubernetes$/),
      expect.stringMatching(/^default-app-a-example-com-a-[0-9a-f]{20}@kubernetes$/),
    ]);
    expect(linesOf(translation)).toEqual(["warning duplicate-router Ingress/app spec.rules.0.http.paths.2"]);
  });

  const bad: [string, string, string][] = [
    ["a path without a slash", path("a", "Prefix"), "error rule-syntax Ingress/app spec.rules.0.http.paths.0.path"],
    ["an unknown type", path("/a", "Regex"), "error invalid-field Ingress/app spec.rules.0.http.paths.0.pathType"],
    [
      "no backend",
      "{ path: /a, pathType: Prefix }",
      "error invalid-field Ingress/app spec.rules.0.http.paths.0.backend",
    ],
    ["no type", `{ path: /a, ${toApp} }`, "warning invalid-field Ingress/app spec.rules.0.http.paths.0.pathType"],
  ];
  test.each(bad)("%s harms only itself", (_, one, line) => {
    const translation = translateText(ingress(rules("", one, path("/good", "Exact"))) + services("app"));
    expect(linesOf(translation)).toEqual([line]);
    expect(translation.table.routers.map(({ ruleText }) => ruleText)).toContain("Path(`/good`)");
  });
});

describe("annotations of the Ingress", () => {
  test("entry points, priority and middlewares", () => {
    const text =
      annotated({
        "router.entrypoints": "websecure, web",
        "router.priority": "42",
        "router.middlewares": "other-strip@kubernetescrd,default-auth@kubernetescrd",
      }) +
      services("app") +
      traefik("Middleware", "strip", "stripPrefix: { prefixes: [/a] }", ", namespace: other") +
      traefik("Middleware", "auth", "addPrefix: { prefix: /b }");
    const translation = translateText(text);
    expect(linesOf(translation)).toEqual([]);
    expect(translation.table.routers).toMatchObject([
      {
        entryPoints: ["websecure", "web"],
        priority: 42,
        middlewares: ["other-strip@kubernetescrd", "default-auth@kubernetescrd"],
      },
    ]);
  });

  test("a Middleware that is missing closes the route", () => {
    const translation = translateText(
      annotated({ "router.middlewares": "default-auth@kubernetescrd" }) + services("app"),
    );
    expect(translation.table.routers).toMatchObject([{ closedBy: "middleware-not-found" }]);
    expect(linesOf(translation)).toEqual([
      `error middleware-not-found Ingress/app metadata.annotations.${PREFIX}/router.middlewares`,
    ]);
  });

  test("a guard of Traefik 1 closes the route", () => {
    const translation = translateText(annotated({ "auth-type": "basic", "auth-secret": "users" }) + services("app"));
    expect(translation.table.routers).toMatchObject([{ closedBy: "unsupported-field" }]);
  });

  test("a TLSOption that demands client certificates closes the route", () => {
    const option = traefik("TLSOption", "mtls", "clientAuth: { secretNames: [ca] }");
    const text = annotated({ "router.tls.options": "default-mtls@kubernetescrd" }) + services("app") + option;
    expect(translateText(text).table.routers).toMatchObject([{ tls: true, closedBy: "unsupported-field" }]);
  });

  test("path matcher and rule syntax hold for paths that are left to the controller", () => {
    const spec = rules("", path("/a/{id:[0-9]+}", "ImplementationSpecific"));
    const text = annotated({ "router.pathmatcher": "Path", "router.rulesyntax": "v2" }, spec) + services("app");
    expect(translateText(text).table.routers).toMatchObject([
      { ruleText: "Path(`/a/{id:[0-9]+}`)", rule: { type: "pathRegexp" } },
    ]);
  });

  const lines: [string, string, string, RegExp | undefined][] = [
    ["router.entrypoint", "web", "warning unknown-field", /`router\.entrypoints`/],
    ["router.entrypoints", "weeb,web", "error entry-point-not-found", /`web`/],
    ["frontend-entry-points", "web", "warning misplaced-field", /`router\.entrypoints`/],
    ["service.sticky.cookie", "true", "warning misplaced-field", /Service/],
    ["router.priority", "high", "warning invalid-field", undefined],
    ["router.tls.certresolver", "le", "notice unsupported-field", undefined],
    ["router.tls.domains.0.main", "example.com", "notice unsupported-field", undefined],
    ["router.observability.metrics", "false", "notice unsupported-field", undefined],
    ["router.pathmatcher", "Pfad", "error rule-syntax", undefined],
    ["router.rulesyntax", "v4", "warning invalid-field", undefined],
  ];
  test.each(lines)("%s: %s", (name, value, line, hint) => {
    const spec = rules("", path("/", "ImplementationSpecific"));
    const translation = translateText(annotated({ [name]: value }, spec) + services("app"));
    expect(linesOf(translation)).toEqual([`${line} Ingress/app metadata.annotations.${PREFIX}/${name}`]);
    if (hint !== undefined) expect(translation.problems[0]?.hint).toMatch(hint);
  });

  test("names are compared without case", () => {
    expect(translateText(annotated({ "router.EntryPoints": "web" }) + services("app")).table.routers).toMatchObject([
      { entryPoints: ["web"] },
    ]);
  });

  test("other prefixes are not ours to judge", () => {
    const text = ingress(plain, { "nginx.ingress.kubernetes.io/rewrite-target": "/" }) + services("app");
    expect(linesOf(translateText(text))).toEqual([]);
  });
});

describe("TLS", () => {
  const withTls = `tls: [{ hosts: [a.example.com], secretName: cert }]\n${plain}`;
  const faces = (text: string, change?: (settings: TranslateSettings) => void) =>
    translateText(text + services("app"), change).table.routers.map(
      ({ entryPoints, tls }) => `${entryPoints.join("+")} ${tls}`,
    );

  test("spec.tls adds HTTPS, and plain HTTP stays", () => {
    expect(faces(ingress(withTls)).sort()).toEqual(["web+websecure false", "web+websecure true"]);
  });
  test("the annotation decides alone", () => {
    expect(faces(annotated({ "router.tls": "true" }, withTls))).toEqual(["web+websecure true"]);
    expect(faces(annotated({ "router.tls": "false" }, withTls))).toEqual(["web+websecure false"]);
    expect(faces(annotated({ "router.tls.certresolver": "le" }))).toEqual(["web+websecure true"]);
  });
  test("an entry point that uses TLS for all needs no second router", () => {
    const text = annotated({ "router.entrypoints": "websecure" }, withTls);
    expect(
      faces(text, (settings) => {
        settings.entryPoints = { websecure: { port: 443, tls: true } };
      }),
    ).toEqual(["websecure true"]);
  });
});

describe("services", () => {
  test("annotations of the Service", () => {
    const text =
      ingress(plain) +
      service({
        "service.serversscheme": "h2c",
        "service.passhostheader": "false",
        "service.sticky.cookie.name": "lb",
        "service.sticky.cookie.samesite": "Lax",
        "service.sticky.cookie.maxage": "60",
        "service.serverstransport": "other-mtls@kubernetescrd",
        "service.middlewares": "default-add@kubernetescrd",
      }) +
      traefik("ServersTransport", "mtls", "serverName: inside", ", namespace: other") +
      traefik("Middleware", "add", "addPrefix: { prefix: /b }");
    const translation = translateText(text);
    expect(linesOf(translation)).toEqual([]);
    const [router] = translation.table.routers;
    expect(translation.table.services[router?.service ?? ""]).toEqual({
      type: "filtered",
      middlewares: ["default-add@kubernetescrd"],
      service: "default-app-80@kubernetes",
    });
    expect(translation.table.services["default-app-80@kubernetes"]).toEqual({
      type: "loadBalancer",
      endpoints: "default-app-80",
      scheme: "h2c",
      passHostHeader: false,
      transport: "gateway",
      sticky: { name: "lb", path: "/", secure: false, httpOnly: false, sameSite: "lax", maxAge: 60 },
      serversTransport: "other-mtls@kubernetescrd",
    });
  });

  test("the sticky cookie has Traefik's name by default", () => {
    const { table } = translateText(ingress(plain) + service({ "service.sticky.cookie": "true" }));
    expect(table.services["default-app-80@kubernetes"]).toMatchObject({
      sticky: { name: expect.stringMatching(/^_[0-9a-f]{5}$/) },
    });
    const off = translateText(ingress(plain) + service({ "service.sticky.cookie": "false" }));
    expect(off.table.services["default-app-80@kubernetes"]).not.toHaveProperty("sticky");
  });

  test("nativelb goes to the Service's own address", () => {
    const { table } = translateText(
      ingress(plain) + service({ "service.nativelb": "true" }, "{ clusterIP: 10.96.0.7, ports: [{ port: 80 }] }"),
    );
    expect(table.endpoints).toEqual({
      "default-app-80-native": { endpoints: [{ address: "10.96.0.7", port: 80, state: "ready" }] },
    });
  });

  const lines: [string, string, string][] = [
    ["service.nodeportlb", "true", "warning unsupported-field"],
    ["service.serversscheme", "ftp", "warning invalid-field"],
    ["service.stickiness", "true", "warning unknown-field"],
    ["router.priority", "1", "warning misplaced-field"],
    ["service.sticky.cookie.samesite", "all", "error invalid-field"],
    ["service.middlewares", "default-gone@kubernetescrd", "error middleware-not-found"],
    ["service.serverstransport", "default-gone@kubernetescrd", "error servers-transport-not-found"],
  ];
  test.each(lines)("%s: %s is the Service's problem, said once", (name, value, line) => {
    const spec = rules("", path("/a", "Prefix"), path("/b", "Prefix"));
    const translation = translateText(ingress(spec) + service({ [name]: value }));
    expect(linesOf(translation)).toEqual([`${line} Service/app metadata.annotations.${PREFIX}/${name}`]);
  });

  test("preserve-host of the Ingress holds where the Service says nothing", () => {
    const text = annotated({ "preserve-host": "false" });
    expect(translateText(text + services("app")).table.services).toMatchObject({
      "default-app-80@kubernetes": { passHostHeader: false },
    });
    expect(translateText(text + service({ "service.passhostheader": "true" })).table.services).toMatchObject({
      "default-app-80@kubernetes": { passHostHeader: true },
    });
  });

  test("a middleware or transport that is missing closes its service", () => {
    for (const name of ["service.middlewares", "service.serverstransport"]) {
      const { table } = translateText(ingress(plain) + service({ [name]: "default-gone@kubernetescrd" }));
      expect(table.routers).toMatchObject([{ service: "unavailable@internal" }]);
    }
  });

  const broken: [string, string, string][] = [
    ["an absent Service", "backend: { service: { name: gone, port: { number: 80 } } }", "service-not-found"],
    ["an absent port", "backend: { service: { name: app, port: { number: 81 } } }", "service-port-not-found"],
    ["a resource", "backend: { resource: { kind: Bucket, name: b } }", "resource-backend"],
    ["nothing", "backend: {}", "invalid-field"],
  ];
  test.each(broken)("%s answers 503", (_, backend, code) => {
    const { table, problems } = translateText(ingress(rules("", path("/", "Prefix", backend))) + services("app"));
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(table.routers).toMatchObject([{ service: "unavailable@internal" }]);
    expect(table.services).toEqual({ "unavailable@internal": { type: "status", status: 503 } });
  });

  test("ExternalName only when allowed", () => {
    const text =
      ingress(plain) + service({}, "{ type: ExternalName, externalName: api.example.com, ports: [{ port: 80 }] }");
    expect(linesOf(translateText(text))).toEqual([
      "error external-name-not-allowed Ingress/app spec.rules.0.http.paths.0.backend",
    ]);
    const { table } = translateText(text, (settings) => {
      settings.ingress.allowExternalNameServices = true;
    });
    expect(table.endpoints["default-app-80"]?.endpoints).toEqual([
      { address: "api.example.com", port: 80, state: "ready" },
    ]);
  });

  test("a path without endpoints is left out when empty services are not allowed", () => {
    const { table } = translateText(ingress(plain) + services("app"), (settings) => {
      settings.ingress.allowEmptyServices = false;
    });
    expect(table.routers).toEqual([]);
  });
});

describe("classes", () => {
  const ingressClass = (name: string, controller: string): string =>
    `---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: { name: ${name} }\nspec: { controller: ${controller} }\n`;
  const isTaken = (text: string, own?: string): boolean =>
    translateText(text + services("app"), (settings) => {
      if (own !== undefined) settings.ingress.ingressClass = own;
    }).table.routers.length > 0;
  const withClass = (name: string): string => ingress(`ingressClassName: ${name}\n${plain}`);
  const withAnnotation = (name: string): string => ingress(plain, { "kubernetes.io/ingress.class": name });
  const ours = "traefik.io/ingress-controller";

  const cases: [string, string, string | undefined, boolean][] = [
    ["none", ingress(plain), undefined, true],
    ["none, but one is asked for", ingress(plain), "internal", false],
    ["the annotation traefik", withAnnotation("traefik"), undefined, true],
    ["the annotation nginx", withAnnotation("nginx"), undefined, false],
    ["the annotation that is asked for", withAnnotation("internal"), "internal", true],
    ["a class of Traefik's controller", withClass("edge") + ingressClass("edge", ours), undefined, true],
    [
      "a class of Sluice's controller",
      withClass("edge") + ingressClass("edge", "sluice.dev/ingress-controller"),
      undefined,
      true,
    ],
    [
      "a class of another controller",
      withClass("edge") + ingressClass("edge", "k8s.io/ingress-nginx"),
      undefined,
      false,
    ],
    ["a class of ours, another is asked for", withClass("edge") + ingressClass("edge", ours), "internal", false],
    [
      "a class traefik that belongs to another",
      withClass("traefik") + ingressClass("traefik", "example.com/x"),
      undefined,
      false,
    ],
    ["the class traefik, not in the folder", withClass("traefik"), undefined, true],
    ["a class that is not in the folder", withClass("nginx"), undefined, false],
  ];
  test.each(cases)("%s", (_, text, own, expected) => {
    expect(isTaken(text, own)).toBe(expected);
  });

  test("a class that does not exist is a problem, and nothing else is said", () => {
    const text = ingress(`ingressClassName: nginx\nwrong: 1\n${plain}`);
    expect(linesOf(translateText(text))).toEqual(["warning ingress-class-not-found Ingress/app spec.ingressClassName"]);
  });
});

test("an Ingress whose fields make no sense throws nothing", () => {
  for (const spec of [
    "7",
    "[]",
    "{ rules: 7 }",
    "{ rules: [7, { http: 7 }, { http: { paths: [7] } }] }",
    "{ tls: 7 }",
    "null",
  ]) {
    const text = `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: app }\nspec: ${spec}\n`;
    const { table, problems } = translateText(text);
    expect(table.routers).toEqual([]);
    expect(problems.map(({ code }) => code)).not.toContain("internal-error");
  }
});
