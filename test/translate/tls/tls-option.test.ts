import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { backends, tcpRoute, translateStreams } from "../traefik/stream-text.ts";
import { linesOf, traefik } from "../translate-text.ts";

const { cert } = await makeCertificate(["authority"], Date.now());
const secret = (name: string, data: Record<string, string>): string =>
  `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: data })}\n`;
const { cert: other } = await makeCertificate(["other"], Date.now());
const secrets =
  secret("both", { "ca.crt": other, "tls.ca": cert }) +
  secret("ca", { "ca.crt": cert }) +
  secret("older", { "tls.ca": cert }) +
  secret("bad", { "ca.crt": "x" });
const db = backends("TCP", 80, "db");
const route = (tls: string): string =>
  tcpRoute(`{ match: "HostSNI(\`a.com\`)", services: [{ name: db, port: 80 }] }`, `tls: ${tls}`) + db + secrets;
const using = (spec: string) =>
  translateStreams(route("{ options: { name: strict } }") + traefik("TLSOption", "strict", spec));
const key = "default-strict@kubernetescrd";

describe("a TLSOption", () => {
  test.each([
    ["{}", {}],
    ["minVersion: VersionTLS13", { minVersion: "TLSv1.3" }],
    ["{ minVersion: '', maxVersion: VersionTLS12 }", { maxVersion: "TLSv1.2" }],
    ["{ minVersion: VersionTLS10, maxVersion: VersionTLS11 }", { minVersion: "TLSv1", maxVersion: "TLSv1.1" }],
    [
      "cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305, TLS_RSA_WITH_AES_256_CBC_SHA]",
      { cipherSuites: ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "AES256-SHA"] },
    ],
    ["curvePreferences: [X25519, CurveP256, secp256r1]", { curvePreferences: ["X25519", "P-256"] }],
    ["sniStrict: true", { sniStrict: true }],
    ["alpnProtocols: [h2, http/1.1]", { alpnProtocols: ["h2", "http/1.1"] }],
    ["clientAuth: { clientAuthType: NoClientCert }", {}],
    ["clientAuth: { clientAuthType: RequestClientCert }", { clientAuth: { mode: "request", authorities: [] } }],
    ["clientAuth: { clientAuthType: RequireAnyClientCert }", { clientAuth: { mode: "require", authorities: [] } }],
    ["clientAuth: { secretNames: [both] }", { clientAuth: { mode: "requireAndVerify", authorities: [cert] } }],
    [
      "clientAuth: { secretNames: [ca, older], clientAuthType: VerifyClientCertIfGiven }",
      { clientAuth: { mode: "verifyIfGiven", authorities: [cert, cert] } },
    ],
    ["clientAuth: { secretNames: [ca] }", { clientAuth: { mode: "requireAndVerify", authorities: [cert] } }],
  ])("%s", (spec, options) => {
    const { table, problems } = using(spec);
    expect(problems).toEqual([]);
    expect(table.tlsOptions).toEqual({ [key]: options });
    expect(table.tcpRouters).toMatchObject([{ tls: { passthrough: false, options: key } }]);
    expect(table.tcpRouters[0]).not.toHaveProperty("closedBy");
  });

  test.each([
    ["minVersion: TLS12", "invalid-field", "spec.minVersion"],
    ["{ minVersion: VersionTLS13, maxVersion: VersionTLS12 }", "invalid-field", "spec.maxVersion"],
    ["cipherSuites: [TLS_RSA_WITH_RC4_128_SHA]", "invalid-field", "spec.cipherSuites.0"],
    ["cipherSuites: [constructor]", "invalid-field", "spec.cipherSuites.0"],
    ["curvePreferences: [X25519, P256]", "invalid-field", "spec.curvePreferences.1"],
    ["sniStrict: 1", "invalid-field", "spec.sniStrict"],
    ["clientAuth: { secretNames: [x] }", "secret-not-found", "spec.clientAuth.secretNames.0"],
    ["clientAuth: { secretNames: [ca, bad] }", "certificate-unusable", "spec.clientAuth.secretNames.1"],
    ["clientAuth: { clientAuthType: RequireAndVerifyClientCert }", "invalid-field", "spec.clientAuth"],
    ["clientAuth: { clientAuthType: Always }", "invalid-field", "spec.clientAuth.clientAuthType"],
  ])("that demands what cannot be closes its routes: %s", (spec, code, path) => {
    const result = using(spec);
    expect(linesOf(result)).toEqual(
      ["error tls-option-invalid IngressRouteTCP/db spec.tls.options", `error ${code} TLSOption/strict ${path}`].sort(
        (a, b) => Number(a.includes("TLSOption/")) - Number(b.includes("TLSOption/")),
      ),
    );
    expect(result.table.tcpRouters).toMatchObject([{ closedBy: "tls-option-invalid" }]);
    expect(result.table.tlsOptions).toEqual({});
  });

  test.each([
    ["{ name: x }", "tls-option-not-found"],
    ["{ name: strict, namespace: b }", "cross-namespace-reference"],
    ["{ name: default-strict@kubernetescrd }", "cross-namespace-reference"],
    ["{ name: strict@file }", "cross-provider-reference"],
  ])("that cannot be had closes the route: %s", (options, code) => {
    const result = translateStreams(route(`{ options: ${options} }`) + traefik("TLSOption", "strict", "{}"));
    expect(linesOf(result)).toEqual([`error ${code} IngressRouteTCP/db spec.tls.options`]);
    expect(result.table.tcpRouters).toMatchObject([{ closedBy: code }]);
  });

  test("of another namespace is found where that is allowed", () => {
    const other = traefik("TLSOption", "strict", "sniStrict: true", ", namespace: b");
    for (const options of ["{ name: strict, namespace: b }", "{ name: b-strict@kubernetescrd }"]) {
      const { table, problems } = translateStreams(route(`{ options: ${options} }`) + other, ({ crd }) => {
        crd.allowCrossNamespace = true;
      });
      expect(problems).toEqual([]);
      expect(table.tlsOptions).toEqual({ "b-strict@kubernetescrd": { sniStrict: true } });
    }
  });

  test("has no part in what is passed through", () => {
    const result = translateStreams(route("{ passthrough: true, options: { name: strict } }"));
    expect(linesOf(result)).toEqual(["notice unsupported-field IngressRouteTCP/db spec.tls.options"]);
    expect(result.table.tcpRouters[0]?.tls).toEqual({ passthrough: true });
  });
});

describe("the default", () => {
  test.each(["{}", "{ options: { name: default } }"])("holds for %s", (tls) => {
    const { table, problems } = translateStreams(route(tls) + traefik("TLSOption", "default", "sniStrict: true"));
    expect(problems).toEqual([]);
    expect(table.tlsOptions).toEqual({ default: { sniStrict: true } });
    expect(table.tcpRouters[0]?.tls).toEqual({ passthrough: false, options: "default" });
  });

  test("closes the routes that it would hold for when it cannot be used", () => {
    const result = translateStreams(route("{}") + traefik("TLSOption", "default", "clientAuth: { secretNames: [x] }"));
    expect(result.table.tcpRouters).toMatchObject([{ closedBy: "tls-option-invalid" }]);
  });

  test("is one of all namespaces", () => {
    const both =
      traefik("TLSOption", "default", "minVersion: VersionTLS13", ", namespace: a") +
      traefik("TLSOption", "default", "sniStrict: true");
    const result = translateStreams(route("{}") + both);
    expect(result.table.tlsOptions).toEqual({ default: { sniStrict: true } });
    expect(result.problems).toMatchObject([{ code: "duplicate-default", object: { namespace: "a" } }]);
  });
});
