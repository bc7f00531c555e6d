import { describe, expect, test } from "vitest";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const route = traefik(
  "IngressRoute",
  "r",
  'routes: [{ match: "Path(`/`)", services: [{ name: a, port: 80, serversTransport: t }] }]',
);
const transport = (spec: string): string => traefik("ServersTransport", "t", spec);
const secret = (name: string, data: string): string =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\n${data}\n`;

describe("a ServersTransport", () => {
  test("carries what the gateway needs", () => {
    const result = translateText(
      route +
        transport(
          "serverName: backend.example.com\ninsecureSkipVerify: false\nmaxIdleConnsPerHost: 7\ndisableHTTP2: true\nrootCAsSecrets: [ca]\nrootCAs: [{ secret: old }]\ncertificatesSecrets: [client]\nforwardingTimeouts: { dialTimeout: 5s, responseHeaderTimeout: 10, idleConnTimeout: 1m }",
        ) +
        secret("ca", `data: { ca.crt: ${Buffer.from("CA").toString("base64")} }`) +
        secret("old", "stringData: { tls.ca: OLD }") +
        secret("client", "stringData: { tls.crt: CRT, tls.key: KEY }") +
        services("a"),
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports).toEqual({
      "default-t@kubernetescrd": {
        serverName: "backend.example.com",
        insecureSkipVerify: false,
        rootCAs: ["OLD", "CA"],
        certificates: [{ certificate: "CRT", key: "KEY" }],
        maxIdleConnsPerHost: 7,
        disableHttp2: true,
        dialTimeoutMs: 5000,
        responseHeaderTimeoutMs: 10_000,
        idleConnTimeoutMs: 60_000,
      },
    });
    expect(Object.values(result.table.services)).toMatchObject([{ serversTransport: "default-t@kubernetescrd" }]);
  });

  test("says how a Pod is known, and known to live", () => {
    const result = translateText(
      route +
        transport(
          "peerCertURI: spiffe://x\npeerCertSANs: [{type: DNSName, value: a.com}, {type: URI, value: spiffe://y}]\nforwardingTimeouts: {readIdleTimeout: 10s, pingTimeout: 500ms}",
        ) +
        services("a"),
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports["default-t@kubernetescrd"]).toEqual({
      peerCertUri: "spiffe://x",
      peerCertSans: [
        { type: "dns", value: "a.com" },
        { type: "uri", value: "spiffe://y" },
      ],
      readIdleTimeoutMs: 10_000,
      pingTimeoutMs: 500,
    });
  });

  test("says what TLS is spoken, in OpenSSL's names", () => {
    const spec =
      "minVersion: VersionTLS12\nmaxVersion: VersionTLS13\ncipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]";
    const result = translateText(route + transport(spec) + services("a"));
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports["default-t@kubernetescrd"]).toEqual({
      minTlsVersion: "TLSv1.2",
      maxTlsVersion: "TLSv1.3",
      cipherSuites: ["ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"],
    });
  });

  test("that lacks a Secret is used without", () => {
    const result = translateText(
      route +
        transport("rootCAsSecrets: [gone]\ncertificatesSecrets: [empty]") +
        secret("empty", "data: {}") +
        services("a"),
    );
    expect(linesOf(result)).toEqual([
      "error secret-not-found ServersTransport/t spec.rootCAsSecrets.0",
      "error invalid-field ServersTransport/t spec.certificatesSecrets.0",
    ]);
    expect(result.table.serversTransports["default-t@kubernetescrd"]).toEqual({});
  });

  const unusable: [string, string, string][] = [
    [
      "does not exist",
      "",
      "error servers-transport-not-found IngressRoute/r spec.routes.0.services.0.serversTransport",
    ],
    ["checks more than is built", transport("spiffe: {}"), "error unsupported-field ServersTransport/t spec.spiffe"],
    [
      "names a kind of name that is none",
      transport("peerCertSANs: [{type: DNSName, value: a.com}, {type: DNS, value: x}]"),
      "error invalid-field ServersTransport/t spec.peerCertSANs.1.type",
    ],
    [
      "asks for a version that is none",
      transport("minVersion: TLS1.2"),
      "error invalid-field ServersTransport/t spec.minVersion",
    ],
    [
      "asks for a cipher suite that is none",
      transport("cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, BEST]"),
      "error invalid-field ServersTransport/t spec.cipherSuites.1",
    ],
    [
      "cannot be read",
      transport("insecureSkipVerify: 'no'"),
      "error invalid-field ServersTransport/t spec.insecureSkipVerify",
    ],
  ];
  test.each(unusable)("that %s: 503", (_, object, line) => {
    const result = translateText(route + object + services("a"));
    expect(linesOf(result)).toContain(line);
    expect(result.table.services[result.table.routers[0]?.service ?? ""]).toEqual({ type: "status", status: 503 });
  });

  test("Traefik's own is none", () => {
    const { table } = translateText(route.replace("Transport: t", "Transport: default@internal") + services("a"));
    expect(Object.values(table.services)).toMatchObject([{ type: "loadBalancer" }]);
    expect(table.serversTransports).toEqual({});
  });
});
