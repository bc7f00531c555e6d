import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { createDialFailures } from "../../../relay/origin-gateway/dial-failures.ts";
import { chooseTargets } from "../../../relay/tcp/choose-targets.ts";
import { chooseUdpTarget } from "../../../relay/udp/choose-udp-target.ts";
import { createBalanceState } from "../../../src/balance/balance-state.ts";
import { backends, tcpRoute, translateStreams } from "../traefik/stream-text.ts";
import { linesOf, traefik } from "../translate-text.ts";
import { gateway, listener, type RouteText, route } from "./gateway-text.ts";

const pair = await makeCertificate(["a.com"], Date.now());
const secret = `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "pair" }, stringData: { "tls.crt": pair.cert, "tls.key": pair.key } })}\n`;
const tcp = listener("mongo", "", 27017, "TCP");
const udp = listener("dns", "", 53, "UDP");
const tls = (name: string, fields: string): string => listener(name, fields, 443, "TLS");
const pass = "tls: { mode: Passthrough }";
const toDb = "{ backendRefs: [{ name: db, port: 80 }] }";
const db = backends("TCP", 80, "db", "other");
const dns = backends("UDP", 80, "db", "other");
const withoutSecond = (services: string): string =>
  services.replace("endpoints: [{ addresses: [10.0.0.2] }]", "endpoints: []");
/** As the kind's own schema has it: only a TLSRoute has hostnames. */
const stream = (kind: string, options: RouteText = {}, rules: string[] = [toDb]): string => {
  const text = route(rules, { kind, name: "db", ...options }).replace("/v1\n", "/v1alpha2\n");
  return kind === "TLSRoute" ? text : text.replace(/ {2}hostnames: .*\n/, "");
};
const facesOf = (text: string): string[] =>
  translateStreams(text)
    .table.tcpRouters.toSorted((a, b) => b.priority - a.priority)
    .map(({ entryPoints, tls, ruleText }) => {
      const ends = tls === undefined ? "plain" : tls.passthrough ? "passthrough" : "tls";
      return `${entryPoints.join("+")} ${ends} ${ruleText}`;
    });

describe("a TCPRoute", () => {
  test("takes the connections of its listener", () => {
    const { table, problems } = translateStreams(gateway(tcp) + stream("TCPRoute") + db);
    expect(problems).toEqual([]);
    expect(table.tcpRouters).toMatchObject([
      { entryPoints: ["mongo"], rule: { type: "any" }, priority: -1, service: "default-db-80@kubernetesgateway" },
    ]);
    expect(table.tcpRouters[0]).not.toHaveProperty("tls");
    expect(table.tcpServices).toEqual({
      "default-db-80@kubernetesgateway": { type: "loadBalancer", endpoints: "default-db-80" },
    });
    expect(table.relayEndpoints["default-db-80"]?.endpoints).toMatchObject([{ address: "10.0.0.1", port: 80 }]);
  });

  test("takes the connections of two listeners by one router", () => {
    const second = listener("other", "", 443, "TCP");
    const { table, problems } = translateStreams(gateway(tcp, second) + stream("TCPRoute") + db);
    expect(problems).toEqual([]);
    expect(table.tcpRouters.map(({ entryPoints }) => entryPoints.toSorted())).toEqual([["mongo", "websecure"]]);
  });

  test("takes what a listener of TLS ends for it", () => {
    const one = tls("tls", "hostname: a.com, tls: { certificateRefs: [{ name: pair }] }");
    expect(facesOf(gateway(one) + stream("TCPRoute") + db + secret)).toEqual(["websecure tls HostSNI(`a.com`)"]);
  });

  test("shares by weight, and refuses the share of what cannot be had", () => {
    const refs = (more: string): string =>
      stream("TCPRoute", {}, [
        `{ backendRefs: [{ name: db, port: 80, weight: 3 }, { name: other, port: 80 }${more}] }`,
      ]);
    const good = translateStreams(gateway(tcp) + refs("") + db);
    expect(good.problems).toEqual([]);
    const children = [
      { service: "default-db-80@kubernetesgateway", weight: 3 },
      { service: "default-other-80@kubernetesgateway", weight: 1 },
    ];
    const name = "tcproute-default-db-0-wrr@kubernetesgateway";
    expect(good.table.tcpServices[name]).toEqual({ type: "weighted", children });
    const bad = translateStreams(
      gateway(tcp) +
        refs(
          ", { name: gone, port: 80, weight: 5 }, { name: db, port: 80, namespace: b }, { name: db, kind: X, port: 80 }, 7",
        ) +
        db,
    );
    expect(linesOf(bad)).toEqual([
      "error service-not-found TCPRoute/db spec.rules.0.backendRefs.2.name",
      "error reference-not-permitted TCPRoute/db spec.rules.0.backendRefs.3.namespace",
      "error backend-not-found TCPRoute/db spec.rules.0.backendRefs.4.kind",
      "error invalid-field TCPRoute/db spec.rules.0.backendRefs.5",
    ]);
    const refused = [5, 1, 1, 1].map((weight) => ({ service: "unavailable@internal", weight }));
    expect(bad.table.tcpServices[name]).toEqual({ type: "weighted", children: [...children, ...refused] });
    const state = {
      balance: createBalanceState({ random: () => 0 }),
      failures: createDialFailures(() => 0),
      connections: new Map<string, number>(),
      random: () => 0,
    };
    const choices = Array.from({ length: 24 }, () => chooseTargets(name, bad.table, "192.0.2.1", state));
    expect(choices.filter((choice) => choice === undefined)).toHaveLength(16);
  });

  test("refuses the share of a Service without endpoints, which an IngressRouteTCP leaves to the others", () => {
    const gatewayApi = stream("TCPRoute", {}, [
      "{ backendRefs: [{ name: db, port: 80 }, { name: other, port: 80, weight: 3 }] }",
    ]);
    const own = tcpRoute(
      "{ match: HostSNI(`*`), services: [{ name: db, port: 80 }, { name: other, port: 80, weight: 3 }] }",
    );
    const refusedOf = (text: string): number => {
      const { table } = translateStreams(text + withoutSecond(db));
      const state = {
        balance: createBalanceState({ random: () => 0 }),
        failures: createDialFailures(() => 0),
        connections: new Map<string, number>(),
        random: () => 0,
      };
      const [{ service = "" } = {}] = table.tcpRouters;
      const choices = Array.from({ length: 16 }, () => chooseTargets(service, table, "192.0.2.1", state));
      return choices.filter((choice) => choice === undefined).length;
    };
    expect(refusedOf(gateway(tcp) + gatewayApi)).toBe(12);
    expect(refusedOf(own)).toBe(0);
  });

  test.each([
    ["no backends", "{ }", "error backend-not-found TCPRoute/db spec.rules.0"],
    [
      "no weight",
      "{ backendRefs: [{ name: db, port: 80, weight: 0 }] }",
      "warning weights-empty TCPRoute/db spec.rules.0.backendRefs",
    ],
    [
      "no such Service",
      "{ backendRefs: [{ name: x, port: 80 }] }",
      "error service-not-found TCPRoute/db spec.rules.0.backendRefs.0.name",
    ],
  ])("with %s still holds its listener, and serves nothing", (_, rule, line) => {
    const result = translateStreams(gateway(tcp) + stream("TCPRoute", {}, [rule]) + db);
    expect(linesOf(result)).toEqual([line]);
    expect(result.table.tcpRouters).toHaveLength(1);
    const state = {
      balance: createBalanceState({ random: () => 0 }),
      failures: createDialFailures(() => 0),
      connections: new Map<string, number>(),
      random: () => 0,
    };
    const { service = "" } = result.table.tcpRouters[0] ?? {};
    expect(result.table.tcpServices).toHaveProperty([service]);
    expect(chooseTargets(service, result.table, "192.0.2.1", state)).toBeUndefined();
  });

  test("reaches another namespace where a grant lets it", () => {
    const rule = "{ backendRefs: [{ name: db, namespace: b, port: 80 }] }";
    const there = db.replaceAll("metadata: { name: ", "metadata: { namespace: b, name: ");
    const grant = (kind: string): string =>
      `---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: { name: g, namespace: b }\nspec:\n  from: [{ group: gateway.networking.k8s.io, kind: ${kind}, namespace: default }]\n  to: [{ group: "", kind: Service }]\n`;
    const text = gateway(tcp) + stream("TCPRoute", {}, [rule]) + there;
    expect(linesOf(translateStreams(text + grant("TCPRoute")))).toEqual([]);
    expect(linesOf(translateStreams(text + grant("TLSRoute")))).toEqual([
      "error reference-not-permitted TCPRoute/db spec.rules.0.backendRefs.0.namespace",
    ]);
  });

  test("has its listener to itself: of two the oldest serves", () => {
    const young = stream("TCPRoute", { name: "a", created: "2026-02-01T00:00:00Z" });
    const old = stream("TCPRoute", { name: "b", created: "2026-01-01T00:00:00Z" });
    const result = translateStreams(gateway(tcp) + young + old + db);
    expect(linesOf(result)).toEqual(["warning router-conflict TCPRoute/a spec.rules.0"]);
    const [first] = result.table.tcpRouters.toSorted((a, b) => (a.tieBreaker < b.tieBreaker ? -1 : 1));
    expect(first?.name).toMatch(/^tcproute-default-b-0-/);
  });

  test.each([
    ["HTTP", listener("http")],
    ["UDP", udp],
    ["TLS that is passed through", tls("tls", pass)],
    ["TCP for others", listener("mongo", "allowedRoutes: { kinds: [{ kind: TLSRoute }] }", 27017, "TCP")],
  ])("is not for a listener of %s", (_, one) => {
    const result = translateStreams(gateway(one) + stream("TCPRoute") + db);
    expect(linesOf(result)).toEqual(["error parent-not-found TCPRoute/db spec.parentRefs.0"]);
    expect(result.table.tcpRouters).toEqual([]);
  });
});

describe("a TLSRoute", () => {
  test("takes the names that it and its listener have in common", () => {
    const one = tls("tls", `hostname: "*.a.com", ${pass}`);
    const options = { hostnames: ["x.a.com", "y.x.a.com", "a.com", "*.x.a.com"] };
    expect(facesOf(gateway(one) + stream("TLSRoute", options) + db)).toEqual([
      "websecure passthrough HostSNI(`y.x.a.com`)",
      "websecure passthrough HostSNI(`x.a.com`)",
      "websecure passthrough HostSNI(`*.x.a.com`)",
    ]);
  });

  test("leaves names to more specific listeners", () => {
    const text = gateway(tls("any", pass), tls("one", `hostname: a.com, ${pass}`));
    const any = stream("TLSRoute", { parents: "{ name: main, sectionName: any }" });
    expect(facesOf(text + any + db)).toEqual(["websecure passthrough HostSNI(`*`) && !HostSNI(`a.com`)"]);
  });

  test("stands for any number of labels by a wildcard", () => {
    const { table } = translateStreams(gateway(tls("tls", pass)) + stream("TLSRoute", { hostnames: ["*.a.com"] }) + db);
    expect(table.tcpRouters[0]?.rule).toEqual({ type: "sniWildcard", suffix: "a.com", deep: true });
  });

  const ending = tls("tls", "tls: { certificateRefs: [{ name: pair }] }");
  const whose = stream("TLSRoute", { hostnames: ["a.com"] });

  test("whose TLS ends here has its listener's certificate and the default options", () => {
    const text = gateway(ending) + whose + db + secret;
    const { table, problems } = translateStreams(text);
    expect(problems).toEqual([]);
    expect(table.certificates).toEqual({ "default-pair": { certificate: pair.cert, key: pair.key } });
    expect(table.tcpRouters[0]?.tls).toEqual({ passthrough: false });
    const strict = translateStreams(text + traefik("TLSOption", "default", "sniStrict: true"));
    expect(strict.table.tcpRouters[0]?.tls).toEqual({ passthrough: false, options: "default" });
  });

  test("is closed when the default options cannot be had", () => {
    const option = traefik("TLSOption", "default", "clientAuth: { secretNames: [x] }");
    const { table } = translateStreams(gateway(ending) + whose + db + secret + option);
    expect(table.tcpRouters).toMatchObject([{ closedBy: "tls-option-invalid" }]);
  });

  test.each([
    ["{ name: gone }", "warning secret-not-found"],
    ["{ name: pair, kind: ConfigMap }", "warning certificate-unusable"],
    ["{ name: pair, namespace: b }", "warning reference-not-permitted"],
    ["{ }", "error invalid-field"],
  ])("is served without the certificate %s", (ref, line) => {
    const text = gateway(tls("tls", `tls: { certificateRefs: [${ref}] }`)) + whose + db + secret;
    const result = translateStreams(text);
    expect(linesOf(result)).toEqual([expect.stringMatching(new RegExp(`^${line} Gateway/main spec.listeners.0.tls`))]);
    expect(result.table.certificates).toEqual({});
    expect(result.table.tcpRouters).toHaveLength(1);
  });

  test("of two with one name the oldest serves, and each has the names of its own", () => {
    const young = stream("TLSRoute", { name: "a", created: "2026-02-01T00:00:00Z", hostnames: ["a.com", "b.com"] });
    const old = stream("TLSRoute", { name: "b", created: "2026-01-01T00:00:00Z", hostnames: ["a.com"] });
    const result = translateStreams(gateway(tls("tls", pass)) + young + old + db);
    expect(linesOf(result)).toEqual(["warning router-conflict TLSRoute/a spec.rules.0"]);
    expect(result.table.tcpRouters).toHaveLength(3);
  });

  test("shares a port with one whose TLS ends elsewhere", () => {
    const mixed = [
      tls("ends", "hostname: a.com, tls: { certificateRefs: [{ name: pair }] }"),
      tls("passes", `hostname: b.com, ${pass}`),
    ];
    const text = gateway(...mixed) + stream("TLSRoute", { hostnames: ["a.com", "b.com"] }) + db + secret;
    expect(facesOf(text).sort()).toEqual(["websecure passthrough HostSNI(`b.com`)", "websecure tls HostSNI(`a.com`)"]);
  });

  test.each(["v1", "v1alpha3"])("is read in %s", (version) => {
    const text = stream("TLSRoute", { hostnames: ["a.com"] }).replace("v1alpha2", version);
    expect(facesOf(gateway(tls("tls", pass)) + text + db)).toEqual(["websecure passthrough HostSNI(`a.com`)"]);
  });
});

describe("a UDPRoute", () => {
  test("takes the datagrams of its listener", () => {
    const { table, problems } = translateStreams(gateway(udp) + stream("UDPRoute") + dns);
    expect(problems).toEqual([]);
    expect(table.udpRouters).toMatchObject([
      {
        entryPoints: ["dns"],
        service: "default-db-80@kubernetesgateway",
        name: "udproute-default-db-0@kubernetesgateway",
      },
    ]);
    expect(table.udpServices).toEqual({
      "default-db-80@kubernetesgateway": { type: "loadBalancer", endpoints: "default-db-80-udp" },
    });
    expect(table.tcpRouters).toEqual([]);
  });

  test("shares by weight", () => {
    const rule = "{ backendRefs: [{ name: db, port: 80, weight: 3 }, { name: other, port: 80 }] }";
    const { table } = translateStreams(gateway(udp) + stream("UDPRoute", {}, [rule]) + dns);
    expect(table.udpServices["udproute-default-db-0-wrr@kubernetesgateway"]).toMatchObject({
      children: [{ weight: 3 }, { weight: 1 }],
    });
  });

  test("drops the share of a Service without endpoints", () => {
    const rule = "{ backendRefs: [{ name: db, port: 80 }, { name: other, port: 80, weight: 3 }] }";
    const { table } = translateStreams(gateway(udp) + stream("UDPRoute", {}, [rule]) + withoutSecond(dns));
    const [{ service = "" } = {}] = table.udpRouters;
    const state = { balance: createBalanceState({ random: () => 0 }) };
    const chosen = Array.from({ length: 16 }, () => chooseUdpTarget(service, table, state)?.authority);
    expect(chosen.filter((authority) => authority === undefined)).toHaveLength(12);
  });

  test("drops the share of what cannot be had", () => {
    const rule = "{ backendRefs: [{ name: db, port: 80 }, { name: gone, port: 80, weight: 3 }] }";
    const { table } = translateStreams(gateway(udp) + stream("UDPRoute", {}, [rule]) + dns);
    const [{ service = "" } = {}] = table.udpRouters;
    const state = { balance: createBalanceState({ random: () => 0 }) };
    const chosen = Array.from({ length: 16 }, () => chooseUdpTarget(service, table, state)?.authority);
    expect(chosen.filter((authority) => authority === undefined)).toHaveLength(12);
  });

  test("has its listener to itself: of two the oldest serves", () => {
    const young = stream("UDPRoute", { name: "a", created: "2026-02-01T00:00:00Z" });
    const old = stream("UDPRoute", { name: "b", created: "2026-01-01T00:00:00Z" });
    const result = translateStreams(gateway(udp) + young + old + dns);
    expect(linesOf(result)).toEqual(["error router-conflict UDPRoute/a spec.rules.0"]);
  });
});

test("objects whose fields make no sense throw nothing", () => {
  for (const kind of ["TCPRoute", "TLSRoute", "UDPRoute"]) {
    for (const spec of ["7", "[]", "null", "{ rules: 7 }", "{ rules: [7], hostnames: [7], parentRefs: [7] }"]) {
      const text = `---\napiVersion: gateway.networking.k8s.io/v1alpha2\nkind: ${kind}\nmetadata: { name: db }\nspec: ${spec}\n`;
      const { problems, table } = translateStreams(gateway(tcp, udp, tls("tls", pass)) + text);
      expect(problems.map(({ code }) => code)).not.toContain("internal-error");
      expect([...table.tcpRouters, ...table.udpRouters]).toEqual([]);
    }
  }
});
