import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { backends, tcpRoute, translateStreams } from "../traefik/stream-text.ts";
import { linesOf } from "../translate-text.ts";

const [one, other] = await Promise.all([
  makeCertificate(["a.com"], Date.now()),
  makeCertificate(["b.com"], Date.now()),
]);

const route = (tls: string): string =>
  tcpRoute(`{ match: "HostSNI(\`a.com\`)", services: [{ name: db, port: 80 }] }`, `tls: ${tls}`) +
  backends("TCP", 80, "db");
const secret = (crt: string | undefined, key: string | undefined): string =>
  `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "pair" }, type: "kubernetes.io/tls", stringData: { "tls.crt": crt, "tls.key": key } })}\n`;

describe("a certificate that a route names", () => {
  test("goes to the relay", () => {
    const { table, problems } = translateStreams(route("{ secretName: pair }") + secret(one.cert, one.key));
    expect(problems).toEqual([]);
    expect(table.certificates).toEqual({ "default-pair": { certificate: one.cert, key: one.key } });
    expect(table.tcpRouters[0]?.tls).toEqual({ passthrough: false });
  });

  test("goes with its chain", () => {
    const chain = `${one.cert}\n${other.cert}`;
    const { table, problems } = translateStreams(route("{ secretName: pair }") + secret(chain, one.key));
    expect(problems).toEqual([]);
    expect(table.certificates["default-pair"]?.certificate).toBe(chain);
  });

  test("has no use where TLS is passed through", () => {
    const result = translateStreams(route("{ secretName: pair, passthrough: true }") + secret(one.cert, one.key));
    expect(linesOf(result)).toEqual(["notice unsupported-field IngressRouteTCP/db spec.tls.secretName"]);
    expect(result.table.certificates).toEqual({});
  });

  test.each([
    ["no Secret", "", "secret-not-found"],
    ["an empty one", secret(undefined, undefined), "certificate-unusable"],
    ["no key", secret(one.cert, undefined), "certificate-unusable"],
    ["no PEM", secret("x", "y"), "certificate-unusable"],
    ["a broken certificate", secret(one.cert.replace(/M[A-Za-z]/, "!!"), one.key), "certificate-unusable"],
    [
      "a broken chain",
      secret(`${one.cert}\n${one.cert.slice(0, 60)}\n-----END CERTIFICATE-----`, one.key),
      "certificate-unusable",
    ],
    ["a broken key", secret(one.cert, one.key.slice(0, 90)), "certificate-unusable"],
    ["another's key", secret(one.cert, other.key), "certificate-unusable"],
  ])("cannot be used: %s", (_, text, code) => {
    const result = translateStreams(route("{ secretName: pair }") + text);
    expect(linesOf(result)).toEqual([`warning ${code} IngressRouteTCP/db spec.tls.secretName`]);
    expect(result.table.certificates).toEqual({});
    expect(result.table.tcpRouters).toMatchObject([{ tls: { passthrough: false } }]);
    const line = one.key.split("\n")[1] ?? "none";
    expect(JSON.stringify(result.problems)).not.toContain(line.slice(0, 30));
  });
});
