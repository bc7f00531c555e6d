import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";
import { app, gateway, listener, route, toApp } from "./gateway-text.ts";

const pair = await makeCertificate(["grpc.example.com"], Date.now());

const secret = (namespace = "default"): string =>
  `---\n${JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "pair", namespace },
    type: "kubernetes.io/tls",
    stringData: { "tls.crt": pair.cert, "tls.key": pair.key },
  })}\n`;

const https = (ref: string): string => gateway(listener("grpc", `tls: { certificateRefs: [${ref}] }`, 443, "HTTPS"));

describe("the certificates of a Gateway's listeners", () => {
  const certificatesOf = (text: string) => {
    const translation = translateText(text + app);
    return { names: Object.keys(translation.table.certificates), lines: linesOf(translation) };
  };

  test("go to the relay where calls may come in", () => {
    const text = https("{ name: pair }") + route([`{ ${toApp} }`], { kind: "GRPCRoute" }) + secret();
    expect(certificatesOf(text)).toEqual({ names: ["default-pair"], lines: [] });
  });

  test("stay where they are when only HTTPRoutes name it", () => {
    expect(certificatesOf(https("{ name: pair }") + route([`{ ${toApp} }`]) + secret()).names).toEqual([]);
  });

  test("of another namespace need a grant", () => {
    const calls = route([`{ ${toApp} }`], { kind: "GRPCRoute" }) + secret("other");
    const foreign = https("{ name: pair, namespace: other }") + calls;
    const grant = `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: grant, namespace: other }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: Gateway, namespace: default }]
  to: [{ group: "", kind: Secret }]
`;
    expect(certificatesOf(foreign).names).toEqual([]);
    expect(certificatesOf(foreign + grant).names).toEqual(["other-pair"]);
  });

  test("that are missing are said, and the route is served", () => {
    const text = https("{ name: pair }") + route([`{ ${toApp} }`], { kind: "GRPCRoute" });
    const { names, lines } = certificatesOf(text);
    expect([names, lines]).toEqual([
      [],
      ["warning secret-not-found Gateway/main spec.listeners.0.tls.certificateRefs.0"],
    ]);
  });
});

describe("the certificate of an IngressRoute", () => {
  const withScheme = (scheme: string): string =>
    traefik(
      "IngressRoute",
      "app",
      `{ routes: [{ match: "Host(\`a.com\`)", kind: Rule, services: [{ name: app, port: 80, scheme: ${scheme} }] }], tls: { secretName: pair } }`,
    ) +
    services("app") +
    secret();

  test("goes to the relay when a service of it is spoken to over h2c", () => {
    const { table, problems } = translateText(withScheme("h2c"));
    expect(table.certificates).toEqual({ "default-pair": { certificate: pair.cert, key: pair.key } });
    expect(JSON.stringify(problems)).not.toContain("PRIVATE KEY");
  });

  test("stays where it is otherwise", () => {
    expect(translateText(withScheme("http")).table.certificates).toEqual({});
  });
});
