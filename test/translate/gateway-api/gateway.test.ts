import { describe, expect, test } from "vitest";
import type { TranslateSettings } from "../../../sync-agent/translate/settings.ts";
import { linesOf, translateText } from "../translate-text.ts";
import { app, gateway, listener, type RouteText, route, toApp } from "./gateway-text.ts";

const simple = (options: RouteText = {}): string => route([`{ ${toApp} }`], options) + app;
const faces = (text: string, change?: (settings: TranslateSettings) => void): string[] =>
  translateText(text, change)
    .table.routers.map(({ entryPoints, tls, ruleText }) => `${entryPoints.join("+")}${tls ? " tls" : ""} ${ruleText}`)
    .sort();

describe("classes", () => {
  const withClass = (name: string, controller?: string): string => {
    const text = gateway().replace("gatewayClassName: edge", `gatewayClassName: ${name}`);
    const own = `---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: { name: ${name} }\nspec: { controllerName: ${controller} }\n`;
    return text + (controller === undefined ? "" : own) + simple();
  };
  const cases: [string, string, boolean, string[]][] = [
    ["ours", withClass("edge"), true, []],
    ["Traefik's", withClass("t", "traefik.io/gateway-controller"), true, []],
    ["traefik without its object", withClass("traefik"), true, ["notice gateway-class-not-found"]],
    ["traefik of another controller", withClass("traefik", "example.com/other"), false, []],
    ["of another controller", withClass("istio", "istio.io/gateway-controller"), false, []],
    ["absent", withClass("gone"), false, ["warning gateway-class-not-found", "error parent-not-found"]],
  ];
  test.each(cases)("%s", (_, text, isServed, lines) => {
    const translation = translateText(text);
    expect(translation.table.routers).toHaveLength(isServed ? 1 : 0);
    expect(linesOf(translation).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(lines);
  });

  test("nothing is said about a route of another controller", () => {
    const text = withClass("istio", "istio.io/gateway-controller").replace("rules:", "wrong: 1\n  rules:");
    expect(linesOf(translateText(text))).toEqual([]);
  });
});

describe("parents", () => {
  const mesh = '{ group: "", kind: Service, name: app, port: 80 }';

  test("of a service mesh are not ours to speak of", () => {
    const { table, problems } = translateText(gateway() + route(["{ wrong: 1 }"], { parents: mesh }) + app);
    expect([table.routers, problems]).toEqual([[], []]);
  });

  test("of a service mesh leave a route to its Gateway", () => {
    const translation = translateText(gateway() + simple({ parents: `${mesh}, { name: main }` }));
    expect(translation.table.routers).toHaveLength(1);
    expect(linesOf(translation)).toEqual([]);
  });
});

describe("listeners", () => {
  test("HTTP and HTTPS by their ports", () => {
    expect(faces(gateway(listener("http"), listener("https", "", 443, "HTTPS")) + simple())).toEqual([
      "web PathPrefix(`/`)",
      "websecure tls PathPrefix(`/`)",
    ]);
  });

  test("80 and 443 are web and websecure, whatever port these listen on", () => {
    const chart = (settings: TranslateSettings): void => {
      settings.entryPoints = { web: { port: 8000 }, websecure: { port: 8443 } };
    };
    expect(faces(gateway() + simple(), chart)).toEqual(["web PathPrefix(`/`)"]);
    expect(faces(gateway(listener("http", "", 8000)) + simple(), chart)).toEqual(["web PathPrefix(`/`)"]);
  });

  test("8000 and 8443 are those of Traefik's chart, unless an entry point has them", () => {
    const ofChart = gateway(listener("http", "", 8000), listener("https", "", 8443, "HTTPS")) + simple();
    expect(faces(ofChart)).toEqual(["web PathPrefix(`/`)", "websecure tls PathPrefix(`/`)"]);
    const other = (settings: TranslateSettings): void => {
      settings.entryPoints = { ...settings.entryPoints, other: { port: 8000 } };
    };
    expect(faces(gateway(listener("http", "", 8000)) + simple(), other)).toEqual(["other PathPrefix(`/`)"]);
  });

  test("a port without an entry point", () => {
    const translation = translateText(gateway(listener("http", "", 8080)) + simple());
    expect(linesOf(translation)).toEqual(["error entry-point-not-found Gateway/main spec.listeners.0.port"]);
    expect(translation.problems[0]?.hint).toBe("There are `web` (80), `websecure` (443)");
    expect(translation.table.routers).toEqual([]);
  });

  const bad: [string, string, string][] = [
    ["TCP", listener("bad", "", 5432, "TCP"), "error entry-point-not-found Gateway/main spec.listeners.1.port"],
    ["UDP", listener("bad", "", 80, "UDP"), "error entry-point-not-found Gateway/main spec.listeners.1.port"],
    [
      "client certificates for TLS",
      listener("bad", "tls: { frontendValidation: { caCertificateRefs: [] } }", 443, "TLS"),
      "error listener-unsupported Gateway/main spec.listeners.1.tls",
    ],
    [
      "an unknown protocol",
      listener("bad", "", 80, "SPDY"),
      "error listener-unsupported Gateway/main spec.listeners.1.protocol",
    ],
    [
      "client certificates",
      listener("bad", "tls: { frontendValidation: { caCertificateRefs: [] } }", 443, "HTTPS"),
      "error listener-unsupported Gateway/main spec.listeners.1.tls",
    ],
    [
      "passthrough",
      listener("bad", "tls: { mode: Passthrough }", 443, "HTTPS"),
      "error listener-unsupported Gateway/main spec.listeners.1.tls",
    ],
    ["the same again", listener("bad"), "error listener-conflict Gateway/main spec.listeners.1"],
    [
      "a hostname with a port",
      listener("bad", 'hostname: "a.com:80"'),
      "error invalid-field Gateway/main spec.listeners.1.hostname",
    ],
    ["no port", "{ name: bad, protocol: HTTP }", "error invalid-field Gateway/main spec.listeners.1.port"],
  ];
  test.each(bad)("%s harms only itself", (_, one, line) => {
    const translation = translateText(gateway(listener("http"), one) + simple());
    expect(linesOf(translation)).toEqual([line]);
    expect(translation.table.routers).toHaveLength(1);
  });
});

describe("who may attach", () => {
  const namespace = (name: string, labels: string): string =>
    `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: ${labels} }\n`;
  const from = (rule: string): string => listener("http", `allowedRoutes: { namespaces: { ${rule} } }`);
  const there = { namespace: "shop", parents: "{ name: main, namespace: default }" };
  const prod = namespace("shop", "{ env: prod }");
  const cases: [string, string, RouteText, boolean][] = [
    ["the same namespace by default", listener("http"), {}, true],
    ["no other by default", listener("http"), there, false],
    ["all", from("from: All"), there, true],
    ["none", from("from: None"), {}, false],
    ["by label", from("from: Selector, selector: { matchLabels: { env: prod } }"), there, true],
    ["by another label", from("from: Selector, selector: { matchLabels: { env: dev } }"), there, false],
    ["by name", from("from: Selector, selector: { matchLabels: { kubernetes.io/metadata.name: shop } }"), there, true],
    [
      "by expressions",
      from(
        "from: Selector, selector: { matchExpressions: [{ key: env, operator: In, values: [prod] }, { key: x, operator: DoesNotExist }] }",
      ),
      there,
      true,
    ],
    [
      "not by expressions",
      from("from: Selector, selector: { matchExpressions: [{ key: env, operator: NotIn, values: [prod] }] }"),
      there,
      false,
    ],
    ...(
      [
        ["env, operator: In, values: [dev]", false],
        ["none, operator: In, values: [prod]", false],
        ["env, operator: NotIn, values: [dev]", true],
        ["none, operator: NotIn, values: [prod]", true],
        ["env, operator: Exists", true],
        ["none, operator: Exists", false],
        ["env, operator: DoesNotExist", false],
      ] as const
    ).map(([expression, takes]): [string, string, RouteText, boolean] => [
      expression,
      from(`from: Selector, selector: { matchExpressions: [{ key: ${expression} }] }`),
      there,
      takes,
    ]),
    ["no selector", from("from: Selector"), there, false],
    ["its kind", listener("http", "allowedRoutes: { kinds: [{ kind: HTTPRoute }] }"), {}, true],
    ["another kind", listener("http", "allowedRoutes: { kinds: [{ kind: GRPCRoute }] }"), {}, false],
    ["by section", listener("http"), { parents: "{ name: main, sectionName: http }" }, true],
    ["by another section", listener("http"), { parents: "{ name: main, sectionName: htpp }" }, false],
    ["by port", listener("http"), { parents: "{ name: main, port: 80 }" }, true],
    ["by another port", listener("http"), { parents: "{ name: main, port: 81 }" }, false],
    ["a Gateway that does not exist", listener("http"), { parents: "{ name: gone }" }, false],
    ["a parent of another kind", listener("http"), { parents: "{ kind: ListenerSet, name: more }" }, false],
  ];
  test.each(cases)("%s", (_, one, options, isAttached) => {
    const translation = translateText(gateway(one) + prod + simple(options));
    expect(translation.table.routers).toHaveLength(isAttached ? 1 : 0);
    const attached = linesOf(translation).filter((line) => line.includes("parent-not-found"));
    expect(attached).toHaveLength(isAttached ? 0 : 1);
  });
});

describe("hosts", () => {
  test("route and listener must both take them", () => {
    const text = gateway(listener("http", 'hostname: "*.example.com"'));
    const options = { hostnames: ["a.example.com", "b.c.example.com", "example.com", "*.net"] };
    expect(faces(text + simple(options))).toEqual([
      "web Host(`a.example.com`) && PathPrefix(`/`)",
      "web Host(`b.c.example.com`) && PathPrefix(`/`)",
    ]);
    const none = translateText(text + simple({ hostnames: ["example.net"] }));
    expect(linesOf(none)).toEqual(["error parent-not-found HTTPRoute/app spec.parentRefs.0"]);
  });

  test("a wildcard takes any number of labels", () => {
    const { table } = translateText(gateway() + simple({ hostnames: ["*.example.com"] }));
    expect(table.routers[0]?.rule).toEqual({ type: "hostWildcard", suffix: "example.com", deep: true });
  });

  test("the most specific listener has its host to itself", () => {
    const text = gateway(
      listener("any"),
      listener("wild", 'hostname: "*.example.com"'),
      listener("exact", "hostname: a.example.com"),
    );
    expect(faces(text + simple({ parents: "{ name: main, sectionName: any }" }))).toEqual([
      "web !Host(`*.example.com`) && !Host(`a.example.com`) && PathPrefix(`/`)",
    ]);
    expect(faces(text + simple({ parents: "{ name: main, sectionName: wild }" }))).toEqual([
      "web Host(`*.example.com`) && !Host(`a.example.com`) && PathPrefix(`/`)",
    ]);
    const shadowed = simple({ parents: "{ name: main, sectionName: any }", hostnames: ["a.example.com"] });
    expect(faces(text + shadowed)).toEqual([]);
    expect(faces(text + simple({ hostnames: ["a.example.com"] }))).toEqual([
      "web Host(`a.example.com`) && PathPrefix(`/`)",
    ]);
  });

  test("a bad hostname is left out, and never widens the route", () => {
    const some = translateText(gateway() + simple({ hostnames: ["a.com:80", "b.com"] }));
    expect(linesOf(some)).toEqual(["error invalid-field HTTPRoute/app spec.hostnames.0"]);
    expect(some.table.routers).toHaveLength(1);
    expect(translateText(gateway() + simple({ hostnames: ["a.com:80"] })).table.routers).toEqual([]);
  });
});

test("objects whose fields make no sense throw nothing", () => {
  for (const kind of ["Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant"]) {
    for (const spec of [
      "7",
      "[]",
      "null",
      "{ rules: 7, listeners: 7, parentRefs: 7, from: 7 }",
      "{ rules: [7], listeners: [7], parentRefs: [7] }",
    ]) {
      const text = `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: { name: main }\nspec: ${spec}\n`;
      expect(translateText(text + simple()).problems.map(({ code }) => code)).not.toContain("internal-error");
    }
  }
});
