import { describe, expect, test } from "vitest";
import { linesOf, traefik, translateText } from "../translate-text.ts";

const tcp = (match: string, more = ""): string =>
  traefik("IngressRouteTCP", "t", `routes: [{ match: ${JSON.stringify(match)}, services: [] }]${more}`);

describe("a TCP route", () => {
  const notYet = "warning unsupported-kind IngressRouteTCP/t kind";
  const needsTls = "warning rule-needs-tls IngressRouteTCP/t spec.routes.0.match";
  test.each([
    ["HostSNI(`*`)", "", [notYet]],
    ["HostSNI(`db.example.com`)", "", [notYet, needsTls]],
    ['ClientIP(`10.0.0.0/8`) && HostSNI("db")', "", [notYet, needsTls]],
    ["HostSNI(`db.example.com`)", "\ntls: {}", [notYet]],
    ["HostSNI(`db.example.com`)", "\ntls: null", [notYet, needsTls]],
  ])("with %s%s", (match, more, lines) => {
    expect(linesOf(translateText(tcp(match, more)))).toEqual(lines);
  });
});

test("other controllers' routes are not spoken of, kinds without a class are", () => {
  const gatewayRoute = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: { name: g }\n";
  const result = translateText(tcp("HostSNI(`db`)") + gatewayRoute, (settings) => {
    settings.crd.ingressClass = "mine";
  });
  expect(linesOf(result)).toEqual(["warning unsupported-kind GRPCRoute/g kind"]);
});

test("whatever a TCP route holds, it costs only itself", () => {
  for (const spec of ["[]", "{ routes: {} }", "{ routes: [null, 3, { match: 4 }] }", "x"]) {
    expect(linesOf(translateText(traefik("IngressRouteTCP", "t", spec)))).toEqual([
      "warning unsupported-kind IngressRouteTCP/t kind",
    ]);
  }
});
