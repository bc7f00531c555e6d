import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { linesOf, traefik, translateText } from "../translate-text.ts";

const { cert, key } = await makeCertificate(["a.com"], Date.now());
const pair = { certificate: cert, key };
const secret = (name: string): string =>
  `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { "tls.crt": cert, "tls.key": key } })}\n`;
const store = (spec: string, name = "default", more = ""): string => traefik("TLSStore", name, spec, more);

describe("a TLSStore", () => {
  test("has certificates, and the one for names that no other has", () => {
    const spec =
      "{ certificates: [{ secretName: one }, { secretName: two }], defaultCertificate: { secretName: one } }";
    const { table, problems } = translateText(store(spec) + secret("one") + secret("two"));
    expect(problems).toEqual([]);
    expect(table.certificates).toEqual({
      "default-one": pair,
      "default-two": pair,
      default: { ...pair, isDefault: true },
    });
  });

  test("serves the certificates that it can", () => {
    const spec = "{ certificates: [{ secretName: x }, { secretName: one }, 3], defaultCertificate: { secretName: y } }";
    const result = translateText(store(spec) + secret("one"));
    expect(linesOf(result)).toEqual([
      "error invalid-field TLSStore/default spec.certificates.2",
      "warning secret-not-found TLSStore/default spec.certificates.0.secretName",
      "warning secret-not-found TLSStore/default spec.defaultCertificate.secretName",
    ]);
    expect(result.table.certificates).toEqual({ "default-one": pair });
  });

  test.each([
    ["another name", store("{ certificates: [{ secretName: one }] }", "other"), "warning unsupported-field"],
    ["a generated default", store("{ defaultGeneratedCert: { resolver: x } }"), "notice unsupported-field"],
  ])("says what has no effect: %s", (_, text, start) => {
    const result = translateText(text + secret("one"));
    expect(linesOf(result)).toEqual([expect.stringContaining(start)]);
    expect(result.table.certificates).toEqual({});
  });

  test("is one of all namespaces", () => {
    const spec = "{ certificates: [{ secretName: one }] }";
    const result = translateText(store(spec) + store(spec, "default", ", namespace: a") + secret("one"));
    expect(result.table.certificates).toEqual({ "default-one": pair });
    expect(result.problems).toMatchObject([{ code: "duplicate-default", object: { namespace: "a" } }]);
  });
});
