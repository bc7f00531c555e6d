import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { linesOf, traefik } from "../translate-text.ts";
import { backends, tcpRoute, translateStreams } from "./stream-text.ts";

const any = `match: "HostSNI(\`*\`)"`;
const name = "default-db-673acf455cb2dab0b43a@kubernetescrd";
const two = backends("TCP", 80, "a", "b");
const to = (services: string): string => tcpRoute(`{ ${any}, services: ${services} }`);
const unavailable = { type: "weighted", children: [] };

describe("the service of a route", () => {
  test.each([
    ["port: 80", {}],
    ["port: '80'", {}],
    ["port: 80, weight: 0", {}],
    ["port: 80, terminationDelay: 400", { terminationDelayMs: 400 }],
    ["port: 80, terminationDelay: -1", { terminationDelayMs: -1 }],
    ["port: 80, proxyProtocol: {}", { proxyProtocol: 2 }],
    ["port: 80, proxyProtocol: { version: 1 }", { proxyProtocol: 1 }],
    ["port: 80, tls: true", { tls: true }],
    ["port: 80, nativeLB: false", {}],
  ])("%s", (options, expected) => {
    const { table, problems } = translateStreams(to(`[{ name: a, ${options} }]`) + two);
    expect(problems).toEqual([]);
    expect(table.tcpServices).toEqual({ [name]: { type: "loadBalancer", endpoints: "default-a-80", ...expected } });
  });

  test("of several is weighted", () => {
    const { table, problems } = translateStreams(to("[{ name: a, port: 80, weight: 3 }, { name: b, port: 80 }]") + two);
    expect(problems).toEqual([]);
    expect(table.tcpServices).toEqual({
      [name]: {
        type: "weighted",
        children: [
          { service: "default-a-80@kubernetescrd", weight: 3 },
          { service: "default-b-80@kubernetescrd", weight: 1 },
        ],
      },
      "default-a-80@kubernetescrd": { type: "loadBalancer", endpoints: "default-a-80" },
      "default-b-80@kubernetescrd": { type: "loadBalancer", endpoints: "default-b-80" },
    });
  });

  test("children with other options of one Service are apart", () => {
    const { table } = translateStreams(
      to("[{ name: a, port: 80 }, { name: a, port: 80, tls: true }, { name: a, port: 80, nativeLB: true }]") + two,
    );
    const weighted = table.tcpServices[name];
    const children = weighted?.type === "weighted" ? weighted.children.map(({ service }) => service) : [];
    expect(new Set(children).size).toBe(3);
    expect(children.map((child) => table.tcpServices[child])).toEqual([
      { type: "loadBalancer", endpoints: "default-a-80" },
      { type: "loadBalancer", endpoints: "default-a-80", tls: true },
      { type: "loadBalancer", endpoints: "default-a-80-native" },
    ]);
    expect(table.relayEndpoints["default-a-80-native"]).toEqual({
      endpoints: [{ address: "10.96.0.1", port: 80, state: "ready" }],
    });
  });

  test("is as its Service's annotations say", () => {
    const annotated = two.replace(
      "name: a }",
      "name: a, annotations: { sluice.dev/tcp-strategy: client-ip, sluice.dev/tcp-health-check-interval: 5s, sluice.dev/x: y } }",
    );
    const { table, problems } = translateStreams(to("[{ name: a, port: 80 }]") + annotated);
    expect(table.tcpServices[name]).toMatchObject({ strategy: "clientIp", healthCheck: { intervalMs: 5000 } });
    expect(problems).toMatchObject([
      { code: "unknown-field", object: { kind: "IngressRouteTCP" }, refersTo: { kind: "Service", name: "a" } },
    ]);
  });

  test("keeps Pods that are ending apart", () => {
    const ending = two.replace(
      "addresses: [10.0.0.1]",
      "addresses: [10.0.0.1], conditions: { terminating: true, serving: true, ready: false }",
    );
    const { table } = translateStreams(to("[{ name: a, port: 80 }]") + ending);
    expect(table.relayEndpoints["default-a-80"]?.endpoints).toEqual([
      { address: "10.0.0.1", port: 80, state: "terminating" },
    ]);
  });
});

describe("what cannot be resolved closes its connections, and shadows lower routes all the same", () => {
  test.each([
    ["no services", "[]", "invalid-field", "spec.routes.0"],
    ["no such Service", "[{ name: x, port: 80 }]", "service-not-found", "spec.routes.0.services.0.name"],
    ["no such port", "[{ name: a, port: 81 }]", "service-port-not-found", "spec.routes.0.services.0.port"],
    ["a UDP port", "[{ name: u, port: 53 }]", "service-port-not-found", "spec.routes.0.services.0.port"],
    ["a bad element", "[{ name: a, port: 80, tls: 1 }]", "invalid-field", "spec.routes.0.services.0.tls"],
    [
      "a bad version",
      "[{ name: a, port: 80, proxyProtocol: { version: 3 } }]",
      "invalid-field",
      "spec.routes.0.services.0.proxyProtocol.version",
    ],
    [
      "another namespace",
      "[{ name: a, namespace: b, port: 80 }]",
      "cross-namespace-reference",
      "spec.routes.0.services.0.namespace",
    ],
    ["an external name", "[{ name: ext, port: 80 }]", "external-name-not-allowed", "spec.routes.0.services.0.name"],
    [
      "no such transport",
      "[{ name: a, port: 80, serversTransport: x }]",
      "servers-transport-not-found",
      "spec.routes.0.services.0.serversTransport",
    ],
  ])("%s", (_, services, code, path) => {
    const external =
      "---\napiVersion: v1\nkind: Service\nmetadata: { name: ext }\nspec: { type: ExternalName, externalName: example.com, ports: [{ port: 80 }] }\n";
    const result = translateStreams(to(services) + two + backends("UDP", 53, "u") + external);
    expect(linesOf(result)).toEqual([`error ${code} IngressRouteTCP/db ${path}`]);
    expect(result.table.tcpRouters).toMatchObject([{ service: "unavailable@internal" }]);
    expect(result.table.tcpServices).toEqual({ "unavailable@internal": unavailable });
  });

  test("one child alone is left out of the choosing", () => {
    const result = translateStreams(to("[{ name: a, port: 80 }, { name: x, port: 80, weight: 9 }]") + two);
    expect(linesOf(result)).toEqual(["error service-not-found IngressRouteTCP/db spec.routes.0.services.1.name"]);
    expect(result.table.tcpServices[name]).toEqual({
      type: "weighted",
      children: [{ service: "default-a-80@kubernetescrd", weight: 1 }],
    });
  });

  test("weights that are all 0", () => {
    const result = translateStreams(to("[{ name: a, port: 80, weight: 0 }, { name: b, port: 80, weight: 0 }]") + two);
    expect(linesOf(result)).toEqual(["error weights-empty IngressRouteTCP/db spec.routes.0.services"]);
  });
});

test("an external name is dialled where that is allowed", () => {
  const external =
    "---\napiVersion: v1\nkind: Service\nmetadata: { name: ext }\nspec: { type: ExternalName, externalName: DB.example.com, ports: [{ port: 80 }] }\n";
  const { table, problems } = translateStreams(to("[{ name: ext, port: 80 }]") + external, (settings) => {
    settings.crd.allowExternalNameServices = true;
  });
  expect(problems).toEqual([]);
  expect(table.relayEndpoints).toEqual({
    "default-ext-80": { endpoints: [{ address: "db.example.com", port: 80, state: "ready" }] },
  });
});

describe("MiddlewareTCP", () => {
  const guarded = (spec: string, reference = "guard"): string =>
    tcpRoute(`{ ${any}, services: [{ name: a, port: 80 }], middlewares: [{ name: ${reference} }] }`) +
    two +
    traefik("MiddlewareTCP", "guard", spec);

  test.each([
    ["ipAllowList: { sourceRange: [10.0.0.0/8, '::1'] }", { type: "ipAllowList", sourceRange: ["10.0.0.0/8", "::1"] }],
    ["ipWhiteList: { sourceRange: [192.0.2.1] }", { type: "ipAllowList", sourceRange: ["192.0.2.1"] }],
    ["inFlightConn: { amount: 2 }", { type: "inFlightConn", amount: 2 }],
  ])("%s", (spec, expected) => {
    const { table, problems } = translateStreams(guarded(spec));
    expect(problems).toEqual([]);
    expect(table.tcpMiddlewares).toEqual({ "default-guard@kubernetescrd": expected });
    expect(table.tcpRouters[0]).toMatchObject({ middlewares: ["default-guard@kubernetescrd"] });
    expect(table.tcpRouters[0]).not.toHaveProperty("closedBy");
  });

  test.each([
    ["{}", "middleware-invalid", "spec"],
    ["ipAllowList: {}", "invalid-field", "spec.ipAllowList.sourceRange"],
    ["ipAllowList: { sourceRange: [] }", "middleware-invalid", "spec.ipAllowList"],
    ["ipAllowList: { sourceRange: [10.0.0.0/8, lan] }", "middleware-invalid", "spec.ipAllowList.sourceRange.1"],
    ["ipAllowList: { sourceRange: [10.0.0.0/8, 3] }", "invalid-field", "spec.ipAllowList.sourceRange.1"],
    ["inFlightConn: { amount: 0 }", "invalid-field", "spec.inFlightConn.amount"],
    ["inFlightConn: {}", "invalid-field", "spec.inFlightConn.amount"],
    ["basicAuth: {}", "middleware-invalid", "spec.basicAuth"],
    ["constructor: {}", "middleware-invalid", "spec.constructor"],
    ["{ inFlightConn: { amount: 1 }, ipAllowList: { sourceRange: ['::/0'] } }", "middleware-invalid", "spec"],
  ])("%s closes its routes", (spec, code, path) => {
    const result = translateStreams(guarded(spec));
    expect(linesOf(result)).toEqual([
      "error middleware-invalid IngressRouteTCP/db spec.routes.0.middlewares.0.name",
      `error ${code} MiddlewareTCP/guard ${path}`,
    ]);
    expect(result.table.tcpRouters).toMatchObject([{ closedBy: "middleware-invalid", middlewares: [] }]);
  });

  test.each([
    ["{ name: x }", "middleware-not-found", "0.name"],
    ["{ name: guard, namespace: b }", "cross-namespace-reference", "0.namespace"],
    ["{ name: default-guard@kubernetescrd }", "cross-namespace-reference", "0.name"],
    ["{ name: guard@file }", "cross-provider-reference", "0.name"],
    ["{ nam: guard }", "invalid-field", "0.name"],
  ])("a reference as %s closes the route", (reference, code, at) => {
    const text = tcpRoute(`{ ${any}, services: [{ name: a, port: 80 }], middlewares: [${reference}] }`) + two;
    const { table, problems } = translateStreams(
      text + traefik("MiddlewareTCP", "guard", "inFlightConn: { amount: 1 }"),
    );
    expect(problems).toContainEqual(
      expect.objectContaining({
        code,
        path: expect.arrayContaining(at.split(".").map((part) => (part === "0" ? 0 : part))),
      }),
    );
    expect(table.tcpRouters).toMatchObject([{ closedBy: code }]);
  });

  test("a Middleware of requests is none of connections", () => {
    const text =
      guarded("inFlightConn: { amount: 1 }", "http") + traefik("Middleware", "http", "addPrefix: { prefix: /x }");
    expect(translateStreams(text).table.tcpRouters).toMatchObject([{ closedBy: "middleware-not-found" }]);
  });
});

const { cert: ca } = await makeCertificate(["ca"], Date.now());

describe("ServersTransportTCP", () => {
  const transport = "default-t~tcp@kubernetescrd";
  const secret = (name: string, data: string): string =>
    `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\nstringData: ${data}\n`;
  const using = (spec: string, service = "tls: true"): string =>
    to(`[{ name: a, port: 80, serversTransport: t, ${service} }]`) +
    two +
    traefik("ServersTransportTCP", "t", spec) +
    secret("ca", JSON.stringify({ "ca.crt": ca })) +
    secret("ca", JSON.stringify({ "ca.crt": ca }))
      .replace("Secret", "ConfigMap")
      .replace("stringData", "data") +
    secret("client", "{ tls.crt: CERT, tls.key: KEY }");

  test.each([
    ["{}", {}, {}],
    ["dialTimeout: 3s", { dialTimeoutMs: 3000 }, {}],
    ["dialTimeout: 2", { dialTimeoutMs: 2000 }, {}],
    ["dialKeepAlive: 15s", {}, {}],
    ["terminationDelay: 200ms", {}, { terminationDelayMs: 200 }],
    ["terminationDelay: -1s", {}, { terminationDelayMs: -1000 }],
    ["proxyProtocol: {}", {}, { proxyProtocol: 2 }],
    ["proxyProtocol: { version: 1 }", {}, { proxyProtocol: 1 }],
    [
      "tls: { serverName: x.example.com, insecureSkipVerify: true }",
      { serverName: "x.example.com", insecureSkipVerify: true },
      {},
    ],
    ["tls: { rootCAs: [{ secret: ca }] }", { rootCAs: [ca] }, {}],
    ["tls: { rootCAs: [{ configMap: ca }] }", { rootCAs: [ca] }, {}],
    ["tls: { rootCAsSecrets: [ca] }", { rootCAs: [ca] }, {}],
    [
      "tls: { peerCertURI: spiffe://x, peerCertSANs: [{ type: DNSName, value: a.com }, { type: URI, value: spiffe://y }] }",
      {
        peerCertUri: "spiffe://x",
        peerCertSans: [
          { type: "dns", value: "a.com" },
          { type: "uri", value: "spiffe://y" },
        ],
      },
      {},
    ],
    ["tls: { certificatesSecrets: [client] }", { certificates: [{ certificate: "CERT", key: "KEY" }] }, {}],
  ])("%s", (spec, expected, balancing) => {
    const { table, problems } = translateStreams(using(spec));
    expect(problems).toEqual([]);
    expect(table.serversTransports).toEqual({ [transport]: expected });
    expect(table.tcpServices[name]).toEqual({
      type: "loadBalancer",
      endpoints: "default-a-80",
      tls: true,
      serversTransport: transport,
      ...balancing,
    });
  });

  test("what the service says itself goes before it", () => {
    const { table } = translateStreams(
      using(
        "{ terminationDelay: 1s, proxyProtocol: { version: 1 } }",
        "tls: true, terminationDelay: 5, proxyProtocol: {}",
      ),
    );
    expect(table.tcpServices[name]).toMatchObject({ terminationDelayMs: 5, proxyProtocol: 2 });
  });

  test("TLS that the service does not ask for is told", () => {
    expect(linesOf(translateStreams(using("tls: {}", "tls: false")))).toEqual([
      "warning misplaced-field IngressRouteTCP/db spec.routes.0.services.0.serversTransport",
    ]);
  });

  test.each([
    ["tls: { peerCertURI: 1 }", "invalid-field", "spec.tls.peerCertURI"],
    ["tls: { peerCertSANs: [{ type: DNS, value: x }] }", "invalid-field", "spec.tls.peerCertSANs.0.type"],
    ["proxyProtocol: { version: 4 }", "invalid-field", "spec.proxyProtocol.version"],
  ])("%s closes the connections of its services", (spec, code, path) => {
    const result = translateStreams(using(spec));
    expect(linesOf(result)).toEqual([
      "error invalid-field IngressRouteTCP/db spec.routes.0.services.0.serversTransport",
      `error ${code} ServersTransportTCP/t ${path}`,
    ]);
    expect(result.table.tcpRouters).toMatchObject([{ service: "unavailable@internal" }]);
  });

  test.each([
    ["dialTimeout: soon", "warning invalid-field ServersTransportTCP/t spec.dialTimeout"],
    ["dialKeepAlive: 1m", "notice unsupported-field ServersTransportTCP/t spec.dialKeepAlive"],
    ["tls: { rootCAs: [{ secret: x }] }", "error secret-not-found ServersTransportTCP/t spec.tls.rootCAs.0.secret"],
    [
      "tls: { rootCAs: [{ configMap: x }] }",
      "error config-map-not-found ServersTransportTCP/t spec.tls.rootCAs.0.configMap",
    ],
    ["tls: { certificatesSecrets: [ca] }", "error invalid-field ServersTransportTCP/t spec.tls.certificatesSecrets.0"],
    ["dialTimout: 3s", "warning unknown-field ServersTransportTCP/t spec.dialTimout"],
  ])("%s is told once", (spec, line) => {
    expect(linesOf(translateStreams(using(spec)))).toEqual([line]);
  });

  test("a ServersTransport of the same name is another object", () => {
    const http =
      traefik("ServersTransport", "t", "serverName: http") +
      traefik(
        "IngressRoute",
        "w",
        "routes: [{ match: Path(`/`), services: [{ name: a, port: 80, serversTransport: t }] }]",
      );
    const { table } = translateStreams(using("tls: { serverName: tcp }") + http);
    expect(table.serversTransports).toEqual({
      [transport]: { serverName: "tcp" },
      "default-t@kubernetescrd": { serverName: "http" },
    });
  });
});
