import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const [ca, old] = (await Promise.all(["ca", "old"].map((name) => makeCertificate([name], Date.now())))).map(
  ({ cert }) => cert,
);

const route = traefik(
  "IngressRoute",
  "r",
  'routes: [{ match: "Path(`/`)", services: [{ name: a, port: 80, serversTransport: t }] }]',
);
const transport = (spec: string): string => traefik("ServersTransport", "t", spec);
const configMap = (name: string, data: Record<string, unknown>): string =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: ${JSON.stringify(data)}\n`;
const secret = (name: string, data: string): string =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\n${data}\n`;

const problemOf = ({ problems }: ReturnType<typeof translateText>) =>
  problems.find(({ object }) => object.kind === "ServersTransport");

describe("a ServersTransport", () => {
  test("carries what the gateway needs", () => {
    const result = translateText(
      route +
        transport(
          "serverName: backend.example.com\ninsecureSkipVerify: false\nmaxIdleConnsPerHost: 7\ndisableHTTP2: true\nrootCAsSecrets: [ca]\nrootCAs: [{ secret: old }]\ncertificatesSecrets: [client]\nforwardingTimeouts: { dialTimeout: 5s, responseHeaderTimeout: 10, idleConnTimeout: 1m }",
        ) +
        secret("ca", `data: { ca.crt: ${Buffer.from(ca ?? "").toString("base64")} }`) +
        secret("old", `stringData: { tls.ca: ${JSON.stringify(old)} }`) +
        secret("client", "stringData: { tls.crt: CRT, tls.key: KEY }") +
        services("a"),
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports).toEqual({
      "default-t@kubernetescrd": {
        serverName: "backend.example.com",
        insecureSkipVerify: false,
        rootCAs: [old, ca],
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

  test("believes the authorities of ConfigMaps, by the key that Traefik takes first", () => {
    const result = translateText(
      route +
        transport("rootCAs: [{ configMap: plain }, { configMap: both }, { configMap: bundle }, { secret: both }]") +
        configMap("plain", { "ca.crt": ca, other: "x" }) +
        configMap("both", { "ca.crt": ca, "tls.ca": old }) +
        configMap("bundle", { "ca.crt": `# ours\n${ca}\n# theirs\n${old}` }) +
        secret("both", `stringData: { ca.crt: ${JSON.stringify(ca)}, tls.ca: ${JSON.stringify(old)} }`) +
        services("a"),
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports["default-t@kubernetescrd"]).toEqual({
      rootCAs: [ca, old, `# ours\n${ca}\n# theirs\n${old}`, old],
    });
  });

  test.each([
    ["rootCAs: [{ configMap: gone }]", {}, "config-map-not-found", "0.configMap", "does not exist in the namespace"],
    [
      "rootCAs: [{ configMap: x }]",
      { other: "x" },
      "certificate-unusable",
      "0.configMap",
      "has no certificates in `tls.ca` or",
    ],
    [
      "rootCAs: [{ configMap: x }]",
      { "ca.crt": 7 },
      "certificate-unusable",
      "0.configMap",
      "has no certificates in `tls.ca` or",
    ],
    [
      "rootCAs: [{ configMap: x }]",
      { "ca.crt": "" },
      "certificate-unusable",
      "0.configMap",
      "has no certificates in `tls.ca` or",
    ],
    ["rootCAs: [{ configMap: x, secret: y }]", {}, "invalid-field", "0", "neither is used"],
    ["rootCAs: [{}]", {}, "invalid-field", "0", "Nothing is named"],
  ])("%s with %j is one problem, and the others are believed", (spec, data, code, at, message) => {
    const also = "{ configMap: good }";
    const text = transport(spec.replace("]", `, ${also}]`)) + configMap("good", { "ca.crt": ca });
    const result = translateText(route + services("a") + text + configMap("x", data));
    expect(linesOf(result)).toEqual([`error ${code} ServersTransport/t spec.rootCAs.${at}`]);
    expect(problemOf(result)).toMatchObject({ message: expect.stringContaining(message), hint: expect.any(String) });
    expect(result.table.serversTransports["default-t@kubernetescrd"]).toEqual({ rootCAs: [ca] });
  });

  test.each([
    ["text that is no PEM", "not a certificate", "holds no certificate in `ca.crt`"],
    [
      "a bundle of which one is broken",
      `${ca}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      "cannot be read, number 2",
    ],
  ])("%s is told, and the system's authorities are not believed in its place", (_, pem, message) => {
    const text = transport("rootCAs: [{ configMap: x }]") + configMap("x", { "ca.crt": pem });
    const result = translateText(route + services("a") + text);
    expect(linesOf(result)).toEqual(["error certificate-unusable ServersTransport/t spec.rootCAs.0.configMap"]);
    expect(problemOf(result)?.message).toContain(message);
    expect(result.table.serversTransports["default-t@kubernetescrd"]).toEqual({ rootCAs: [pem] });
  });

  const unusable: [string, string, string][] = [
    [
      "does not exist",
      "",
      "error servers-transport-not-found IngressRoute/r spec.routes.0.services.0.serversTransport",
    ],
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
