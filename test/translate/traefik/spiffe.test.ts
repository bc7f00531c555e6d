import { describe, expect, test } from "vitest";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";
import { backends, tcpRoute, translateStreams } from "./stream-text.ts";

const http = traefik(
  "IngressRoute",
  "r",
  'routes: [{ match: "Path(`/`)", services: [{ name: a, port: 80, scheme: https, serversTransport: t }] }]',
);
const tcp =
  tcpRoute('{ match: "HostSNI(`*`)", services: [{ name: a, port: 80, serversTransport: t, tls: true }] }') +
  backends("TCP", 80, "a");

/** What becomes of these fields, on both kinds. */
const kinds = [
  {
    kind: "ServersTransport",
    at: "spec",
    key: "default-t@kubernetescrd",
    translate: (fields: string) =>
      translateText(http + traefik("ServersTransport", "t", `{ ${fields} }`) + services("a")),
    refusal: "error invalid-field IngressRoute/r spec.routes.0.services.0.serversTransport",
  },
  {
    kind: "ServersTransportTCP",
    at: "spec.tls",
    key: "default-t~tcp@kubernetescrd",
    translate: (fields: string) => translateStreams(tcp + traefik("ServersTransportTCP", "t", `tls: { ${fields} }`)),
    refusal: "error invalid-field IngressRouteTCP/db spec.routes.0.services.0.serversTransport",
  },
] as const;

describe.each(kinds)("spiffe of a $kind", ({ kind, at, key, translate, refusal }) => {
  test.each<[string, unknown]>([
    ["spiffe: {}", {}],
    ["spiffe: { ids: [], trustDomain: '' }", {}],
    [
      "spiffe: { ids: [spiffe://one.test/a, spiffe://two.test/ns/b] }",
      { ids: ["spiffe://one.test/a", "spiffe://two.test/ns/b"] },
    ],
    ["spiffe: { trustDomain: one.test }", { trustDomain: "one.test" }],
    ["spiffe: { trustDomain: spiffe://one.test }", { trustDomain: "one.test" }],
    ["spiffe: { ids: [spiffe://a/b], trustDomain: c }", { ids: ["spiffe://a/b"], trustDomain: "c" }],
    ["spiffe: {}, serverName: '', insecureSkipVerify: false, rootCAs: []", {}],
  ])("%s", (fields, spiffe) => {
    const result = translate(fields);
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports[key]).toMatchObject({ spiffe });
  });

  test("null is none", () => {
    const result = translate("spiffe: null");
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports[key]).not.toHaveProperty("spiffe");
  });

  test.each([
    ["spiffe: true", "spiffe"],
    ["spiffe: { ids: spiffe://one.test/a }", "spiffe.ids"],
    ["spiffe: { ids: [spiffe://one.test/a, https://one.test/a] }", "spiffe.ids.1"],
    ["spiffe: { ids: [spiffe://One.test/a] }", "spiffe.ids.0"],
    ["spiffe: { ids: [spiffe://one.test/a/] }", "spiffe.ids.0"],
    ["spiffe: { ids: [spiffe://one.test/../a] }", "spiffe.ids.0"],
    ["spiffe: { trustDomain: One }", "spiffe.trustDomain"],
    ["spiffe: { trustDomain: one.test/a }", "spiffe.trustDomain"],
    ["spiffe: {}, insecureSkipVerify: true", "spiffe"],
    ["spiffe: {}, serverName: a.example", "spiffe"],
    ["spiffe: {}, peerCertURI: spiffe://one.test/a", "spiffe"],
    ["spiffe: {}, peerCertSANs: [{ type: URI, value: spiffe://one.test/a }]", "spiffe"],
    ["spiffe: {}, certificatesSecrets: [x]", "spiffe"],
    ["spiffe: {}, rootCAsSecrets: [x]", "spiffe"],
  ])("%s is refused, and nothing goes without it", (fields, path) => {
    const result = translate(fields);
    expect(linesOf(result).toSorted()).toEqual([refusal, `error invalid-field ${kind}/t ${at}.${path}`].toSorted());
    expect(result.table.serversTransports).toEqual({});
  });

  test("one field too many is told of by its name", () => {
    const { problems } = translate("spiffe: {}, serverName: a.example, insecureSkipVerify: true");
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("cannot stand beside `insecureSkipVerify`, `serverName`"),
    );
  });
});
