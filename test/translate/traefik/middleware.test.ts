import { describe, expect, test } from "vitest";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const route = (...names: string[]): string =>
  traefik(
    "IngressRoute",
    "r",
    `routes: [{ match: "Path(\`/\`)", middlewares: [${names.map((name) => `{ name: ${name} }`).join(", ")}], services: [{ name: a, port: 80 }] }]`,
  ) + services("a");
const middleware = (spec: string, name = "m"): string => traefik("Middleware", name, spec);
const named = (name: string): string => `default-${name}@kubernetescrd`;

describe("what the table gets", () => {
  const cases: [string, string, object][] = [
    ["addPrefix", "addPrefix: { prefix: /x }", { type: "addPrefix", prefix: "/x" }],
    ["stripPrefix", "stripPrefix: { prefixes: [/a, /b] }", { type: "stripPrefix", prefixes: ["/a", "/b"] }],
    ["stripPrefixRegex", "stripPrefixRegex: { regex: ['^/a+'] }", { type: "stripPrefixRegex", regex: ["^/a+"] }],
    ["replacePath", "replacePath: { path: /x }", { type: "replacePath", path: "/x" }],
    [
      "replacePathRegex",
      "replacePathRegex: { regex: ^/(.*), replacement: /$1 }",
      { type: "replacePathRegex", regex: "^/(.*)", replacement: "/$1" },
    ],
    [
      "redirectScheme with its defaults",
      "redirectScheme: { scheme: https }",
      { type: "redirectScheme", scheme: "https", permanent: false },
    ],
    [
      "redirectRegex",
      "redirectRegex: { regex: a, replacement: b, permanent: true }",
      { type: "redirectRegex", regex: "a", replacement: "b", permanent: true },
    ],
    [
      "headers",
      "headers: { customRequestHeaders: { X-A: '' }, stsSeconds: 10, frameDeny: true }",
      { type: "headers", customRequestHeaders: { "X-A": "" }, stsSeconds: 10, frameDeny: true },
    ],
    [
      "passTLSClientCert",
      "passTLSClientCert: { pem: true, info: { sans: true, subject: { commonName: true } } }",
      { type: "passTLSClientCert", pem: true, info: { sans: true, subject: { commonName: true } } },
    ],
    [
      "encodedCharacters",
      "encodedCharacters: { allowEncodedSlash: true }",
      { type: "encodedCharacters", allowEncodedSlash: true },
    ],
    ["contentType", "contentType: {}", { type: "contentType", autoDetect: true }],
    ["contentType, off", "contentType: { autoDetect: false }", { type: "contentType", autoDetect: false }],
    [
      "ipAllowList with its default",
      "ipAllowList: { sourceRange: [10.0.0.0/8], ipStrategy: { depth: 1 } }",
      { type: "ipAllowList", sourceRange: ["10.0.0.0/8"], ipStrategy: { depth: 1 }, rejectStatusCode: 403 },
    ],
    [
      "ipWhiteList, its older name",
      "ipWhiteList: { sourceRange: [10.0.0.1] }",
      { type: "ipAllowList", sourceRange: ["10.0.0.1"], rejectStatusCode: 403 },
    ],
  ];
  test.each(cases)("%s", (_, spec, expected) => {
    const result = translateText(route("m") + middleware(spec));
    expect(linesOf(result)).toEqual([]);
    expect(result.table.middlewares).toEqual({ [named("m")]: expected });
    expect(result.table.routers[0]?.middlewares).toEqual([named("m")]);
  });

  test("chain, with what it names, in order", () => {
    const { table } = translateText(
      route("m") +
        middleware("chain: { middlewares: [{ name: b }, { name: c }, { name: b }] }") +
        middleware("chain: { middlewares: [{ name: c }] }", "b") +
        middleware("addPrefix: { prefix: /c }", "c"),
    );
    expect(table.middlewares[named("m")]).toEqual({ type: "chain", middlewares: [named("b"), named("c"), named("b")] });
    expect(Object.keys(table.middlewares)).toEqual([named("b"), named("c"), named("m")]);
  });

  test("only what routes use", () => {
    expect(translateText(middleware("addPrefix: { prefix: /x }")).table.middlewares).toEqual({});
  });
});

describe("what cannot be built closes its routes", () => {
  const cases: [string, string, string, string][] = [
    ["no type", "{}", "middleware-invalid", "spec"],
    ["several types", "addPrefix: { prefix: /x }\nstripPrefix: { prefixes: [] }", "middleware-invalid", "spec"],
    ["an unknown type", "addPrefx: { prefix: /x }", "middleware-invalid", "spec.addPrefx"],
    ["a plugin", "plugin: { demo: {} }", "middleware-unsupported", "spec.plugin"],
    ["a missing option", "addPrefix: {}", "invalid-field", "spec.addPrefix.prefix"],
    ["options of another form", "addPrefix: /x", "invalid-field", "spec.addPrefix"],
    [
      "an option of another form",
      "redirectScheme: { scheme: https, port: 443 }",
      "invalid-field",
      "spec.redirectScheme.port",
    ],
    ["a regular expression", "stripPrefixRegex: { regex: ['('] }", "middleware-invalid", "spec.stripPrefixRegex"],
    ["a header's name", "headers: { customResponseHeaders: { 'a b': x } }", "middleware-invalid", "spec.headers"],
    [
      "a forged header",
      'headers: { customResponseHeaders: { a: "x\\r\\nb: y" } }',
      "middleware-invalid",
      "spec.headers",
    ],
    ["a header in an option", 'headers: { contentSecurityPolicy: "x\\ny" }', "middleware-invalid", "spec.headers"],
    ["addresses of nobody", "ipAllowList: { sourceRange: [] }", "middleware-invalid", "spec.ipAllowList"],
    ["an address that is none", "ipAllowList: { sourceRange: [10.0.0.256] }", "middleware-invalid", "spec.ipAllowList"],
    [
      "an exclusion that is no address",
      "ipAllowList: { sourceRange: [10.0.0.1], ipStrategy: { excludedIPs: [proxy] } }",
      "middleware-invalid",
      "spec.ipAllowList",
    ],
    ["a chain of another form", "chain: { middlewares: m }", "invalid-field", "spec.chain.middlewares"],
    [
      "a chain of nothing known",
      "chain: { middlewares: [{ name: gone }] }",
      "middleware-not-found",
      "spec.chain.middlewares.0.name",
    ],
    ["a chain of itself", "chain: { middlewares: [{ name: m }] }", "reference-cycle", "spec.chain.middlewares.0.name"],
  ];
  test.each(cases)("%s", (_, spec, code, path) => {
    const result = translateText(route("m") + middleware(spec));
    expect(linesOf(result).filter((line) => line.includes("Middleware/m"))).toEqual([
      `error ${code} Middleware/m ${path}`,
    ]);
    expect(linesOf(result).filter((line) => line.includes("IngressRoute/r"))).toHaveLength(1);
    expect(result.table.routers[0]?.closedBy).toBeDefined();
    expect(result.table.routers[0]?.middlewares).toEqual([]);
  });

  test("an unknown option is only a warning", () => {
    const result = translateText(route("m") + middleware("stripPrefix: { prefixes: [/a], addSlash: true }"));
    expect(linesOf(result)).toEqual(["warning unknown-field Middleware/m spec.stripPrefix.addSlash"]);
    expect(result.table.routers[0]?.closedBy).toBeUndefined();
  });

  test("an option that cannot be heeded is only a warning", () => {
    const result = translateText(route("m") + middleware("stripPrefix: { prefixes: [/a], forceSlash: false }"));
    expect(linesOf(result)).toEqual(["notice unsupported-field Middleware/m spec.stripPrefix.forceSlash"]);
    expect(result.table.middlewares).toEqual({ "default-m@kubernetescrd": { type: "stripPrefix", prefixes: ["/a"] } });
  });
});

describe("errors", () => {
  const errors = (spec: string) => translateText(route("m") + middleware(`errors: ${spec}`) + services("pages"));
  const PAGES = "default-m-errorpage-service@kubernetescrd";

  test("the pages' service goes into the table with its endpoints", () => {
    const result = errors(
      "{ status: ['404', '500-599'], statusRewrites: { '500': 503 }, query: '/{status}.html', errorRequestHeaders: [Accept], service: { name: pages, port: 80 } }",
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.middlewares[named("m")]).toEqual({
      type: "errors",
      status: ["404", "500-599"],
      statusRewrites: { "500": 503 },
      service: PAGES,
      query: "/{status}.html",
      errorRequestHeaders: ["Accept"],
    });
    expect(result.table.services[PAGES]).toMatchObject({ type: "loadBalancer", endpoints: "default-pages-80" });
    expect(Object.keys(result.table.endpoints).sort()).toEqual(["default-a-80", "default-pages-80"]);
  });

  test("a service behind the middleware itself is a circle", () => {
    const result = errors("{ status: ['500'], service: { name: pages, port: 80, middlewares: [{ name: m }] } }");
    expect(linesOf(result).filter((line) => line.includes("Middleware/m"))).toEqual([
      "error reference-cycle Middleware/m spec.errors.service.middlewares.0.name",
    ]);
    expect(result.table.routers[0]?.closedBy).toBeDefined();
  });

  test.each([
    ["a range that is none", "{ status: ['5xx'], service: { name: pages, port: 80 } }", "middleware-invalid", ""],
    [
      "a rewrite that is none",
      "{ statusRewrites: { '500': 42 }, service: { name: pages, port: 80 } }",
      "middleware-invalid",
      "",
    ],
    ["no service", "{ status: ['500'] }", "invalid-field", ".service"],
    ["no such Service", "{ status: ['500'], service: { name: gone, port: 80 } }", "service-not-found", ".service.name"],
  ])("%s closes the route", (_, spec, code, path) => {
    const result = errors(spec);
    expect(linesOf(result)).toContain(`error ${code} Middleware/m spec.errors${path}`);
    expect(result.table.routers[0]?.closedBy).toBeDefined();
  });
});

describe("what the platform does", () => {
  test("buffering keeps its limits, and says what it does not", () => {
    const spec =
      "buffering: { maxRequestBodyBytes: 10, memRequestBodyBytes: 5, maxResponseBodyBytes: 20, memResponseBodyBytes: 5, retryExpression: 'IsNetworkError()' }";
    const result = translateText(route("m") + middleware(spec));
    expect(result.table.middlewares).toEqual({
      [named("m")]: { type: "buffering", maxRequestBodyBytes: 10, maxResponseBodyBytes: 20 },
    });
    const fields = ["memRequestBodyBytes", "memResponseBodyBytes", "retryExpression"];
    expect(linesOf(result)).toEqual(
      fields.map((field) => `warning unsupported-field Middleware/m spec.buffering.${field}`),
    );
    expect(result.table.routers[0]?.closedBy).toBeUndefined();
  });

  test("compress is Cloudflare's, and says so", () => {
    const result = translateText(route("m") + middleware("compress: { minResponseBodyBytes: 10 }"));
    expect(result.table.middlewares).toEqual({ [named("m")]: { type: "chain", middlewares: [] } });
    expect(linesOf(result)).toEqual([
      "notice middleware-by-platform Middleware/m spec.compress",
      "warning unsupported-field Middleware/m spec.compress.minResponseBodyBytes",
    ]);
    expect(result.table.routers[0]?.closedBy).toBeUndefined();
  });
});
