import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { translateStreams } from "../traefik/stream-text.ts";
import { linesOf, services, translateText } from "../translate-text.ts";
import { app, gateway, listener, route, toApp } from "./gateway-text.ts";

const [{ cert: ca }, { cert: other, key: otherKey }] = await Promise.all([
  makeCertificate(["ca"], Date.now()),
  makeCertificate(["other"], Date.now()),
]);

const held = (kind: string, name: string, data: Record<string, unknown>, namespace = "default"): string =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\n${kind === "Secret" ? "stringData" : "data"}: ${JSON.stringify(data)}\n`;
const authority = held("ConfigMap", "ca", { "ca.crt": ca });
const byCa = "caCertificateRefs: [{ group: '', kind: ConfigMap, name: ca }]";

interface PolicyText {
  name?: string;
  created?: string;
  namespace?: string;
  targets?: string;
  version?: string;
}

const policy = (
  validation: string,
  {
    name = "p",
    created,
    namespace = "default",
    targets = "{ group: '', kind: Service, name: app }",
    version = "v1",
  }: PolicyText = {},
): string => `---
apiVersion: gateway.networking.k8s.io/${version}
kind: BackendTLSPolicy
metadata: ${JSON.stringify({ name, namespace, ...(created && { creationTimestamp: created }) })}
spec:
  targetRefs: [${targets}]
  validation: { ${validation} }
`;

const world = gateway() + route([`{ ${toApp} }`]) + app + authority;
const key = "default~p@kubernetesgateway";
const balancers = ({ table }: ReturnType<typeof translateText>) =>
  Object.values(table.services).filter(({ type }) => type === "loadBalancer");

describe("a BackendTLSPolicy", () => {
  const cases: [string, string, object][] = [
    [
      "whose authority is in a ConfigMap",
      policy(`hostname: Pods.example, ${byCa}`),
      { serverName: "pods.example", rootCAs: [ca] },
    ],
    [
      "of the version that came before",
      policy(`hostname: pods.example, ${byCa}`, { version: "v1alpha3" }),
      { serverName: "pods.example", rootCAs: [ca] },
    ],
    [
      "whose authority is in a Secret",
      policy("hostname: pods.example, caCertificateRefs: [{ group: core, kind: Secret, name: ca }]") +
        held("Secret", "ca", { "tls.ca": ca, "ca.crt": other }),
      { serverName: "pods.example", rootCAs: [other] },
    ],
    [
      "that believes the system's authorities",
      policy("hostname: pods.example, wellKnownCACertificates: System"),
      { serverName: "pods.example" },
    ],
    [
      "that names who is believed: the host name then proves nothing",
      policy(
        `hostname: pods.example, ${byCa}, subjectAltNames: [{ type: Hostname, hostname: a.example }, { type: URI, uri: "spiffe://x/y" }]`,
      ),
      {
        serverName: "pods.example",
        rootCAs: [ca],
        insecureSkipVerify: true,
        peerCertSans: [
          { type: "dns", value: "a.example" },
          { type: "uri", value: "spiffe://x/y" },
        ],
      },
    ],
  ];
  test.each(cases)("%s", (_, text, transport) => {
    const result = translateText(world + text);
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports).toEqual({ [key]: transport });
    expect(balancers(result)).toMatchObject([{ scheme: "https", serversTransport: key, transport: "gateway" }]);
  });

  test("holds for calls of gRPC and for mirrors too, and for Services of other namespaces by policies there", () => {
    const grant = `---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: { name: g, namespace: far }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default }]
  to: [{ group: "", kind: Service }]
`;
    const mirror = "{ type: RequestMirror, requestMirror: { backendRef: { name: app, port: 80 } } }";
    const result = translateText(
      gateway() +
        authority +
        services("app", "plain") +
        services("app").replace("name: app", "name: app, namespace: far") +
        grant +
        held("ConfigMap", "ca", { "ca.crt": other }, "far") +
        route([`{ backendRefs: [{ name: app, namespace: far, port: 80 }], filters: [${mirror}] }`]) +
        route([`{ ${toApp} }`], { name: "calls", kind: "GRPCRoute" }) +
        route(["{ backendRefs: [{ name: plain, port: 80 }] }"], { name: "plain" }) +
        policy(`hostname: near.example, ${byCa}`) +
        policy(`hostname: far.example, ${byCa}`, { namespace: "far" }),
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.serversTransports).toEqual({
      [key]: { serverName: "near.example", rootCAs: [ca] },
      "far~p@kubernetesgateway": { serverName: "far.example", rootCAs: [other] },
    });
    const secured = Object.entries(result.table.services).flatMap(([name, service]) =>
      service.type === "loadBalancer" ? [`${name} ${service.scheme} ${service.serversTransport ?? "-"}`] : [],
    );
    expect(secured.sort()).toEqual([
      `default-app-80-https@kubernetesgateway https ${key}`,
      "default-plain-80@kubernetesgateway http -",
      "far-app-80-https@kubernetesgateway https far~p@kubernetesgateway",
    ]);
  });

  test("says nothing to routes of Traefik's kinds", () => {
    const ingressRoute = `---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: r }
spec: { routes: [{ match: "Path(\`/\`)", services: [{ name: app, port: 80 }] }] }
`;
    const result = translateText(ingressRoute + app + authority + policy(`hostname: pods.example, ${byCa}`));
    expect(balancers(result)).toMatchObject([{ scheme: "http" }]);
    expect(result.table.serversTransports).toEqual({});
  });
});

describe("connections", () => {
  const tls = (mode: string): string =>
    listener("tls", `tls: { mode: ${mode}, certificateRefs: [{ name: pair }] }`, 443, "TLS");
  const secret = held("Secret", "pair", { "tls.crt": other, "tls.key": otherKey });
  const stream = (kind: string): string => {
    const text = route([`{ ${toApp} }`], { kind, hostnames: ["a.example"] });
    return kind === "TLSRoute" ? text : text.replace("/v1\n", "/v1alpha2\n").replace(/ {2}hostnames: .*\n/, "");
  };
  const name = "default-app-80@kubernetesgateway";
  const used = policy(`hostname: pods.example, ${byCa}`);

  test.each([
    ["TCPRoute", listener("mongo", "", 27017, "TCP")],
    ["TLSRoute", tls("Terminate")],
  ])("of a %s are made as the policy wants, or not at all", (kind, one) => {
    const text = gateway(one) + stream(kind) + app + authority + secret;
    const good = translateStreams(text + used);
    expect(linesOf(good)).toEqual([]);
    expect(good.table.serversTransports).toEqual({ [key]: { serverName: "pods.example", rootCAs: [ca] } });
    expect(good.table.tcpServices[name]).toMatchObject({ type: "loadBalancer", tls: true, serversTransport: key });
    const bad = translateStreams(text + policy("hostname: pods.example"));
    expect(linesOf(bad)).toContain(`error backend-tls-invalid ${kind}/app spec.rules.0.backendRefs.0`);
    expect(bad.table.tcpRouters).toMatchObject([{ service: "unavailable@internal" }]);
  });

  test("whose TLS is passed through stay as they are", () => {
    const result = translateStreams(gateway(tls("Passthrough")) + stream("TLSRoute") + app + authority + secret + used);
    expect(linesOf(result)).toEqual([]);
    expect(result.table.tcpServices[name]).not.toHaveProperty("tls");
  });

  test("of both kinds keep apart", () => {
    const passed = tls("Passthrough").replace("name: tls", "name: passed").replace("443", "27017");
    const text = gateway(tls("Terminate"), passed) + stream("TLSRoute") + app + authority + secret + used;
    const { table } = translateStreams(text);
    const found = table.tcpRouters.map(({ tls, service }) => {
      const balancer = table.tcpServices[service];
      return [tls?.passthrough, balancer?.type === "loadBalancer" && balancer.serversTransport];
    });
    expect(found.sort()).toEqual([
      [false, key],
      [true, undefined],
    ]);
  });
});

describe("a BackendTLSPolicy that cannot be used", () => {
  const of = (refs: string): string => `hostname: pods.example, caCertificateRefs: [${refs}]`;
  const at = "spec.validation";
  const ref = `${at}.caCertificateRefs`;
  const cases: [string, string, string][] = [
    [of("{ group: '', kind: ConfigMap, name: gone }"), "config-map-not-found", `${ref}.0.name`],
    [of("{ group: '', kind: Secret, name: ca }"), "secret-not-found", `${ref}.0.name`],
    [of("{ group: '', kind: ConfigMap, name: empty }"), "certificate-unusable", `${ref}.0.name`],
    [of("{ group: '', kind: ConfigMap, name: by-tls }"), "certificate-unusable", `${ref}.0.name`],
    [of("{ group: '', kind: ConfigMap, name: garbage }"), "certificate-unusable", `${ref}.0.name`],
    [of("{ group: trust.example, kind: ConfigMap, name: ca }"), "certificate-unusable", `${ref}.0.kind`],
    [of("{ group: '', kind: Service, name: ca }"), "certificate-unusable", `${ref}.0.kind`],
    [of("{ group: '', kind: ConfigMap }"), "invalid-field", `${ref}.0.name`],
    [of(""), "invalid-field", ref],
    ["hostname: pods.example", "invalid-field", ref],
    [`${byCa}`, "invalid-field", `${at}.hostname`],
    [`hostname: '', ${byCa}`, "invalid-field", `${at}.hostname`],
    [`hostname: '*.example', ${byCa}`, "invalid-field", `${at}.hostname`],
    [`hostname: 10.0.0.1, ${byCa}`, "invalid-field", `${at}.hostname`],
    ["hostname: pods.example, wellKnownCACertificates: Mozilla", "invalid-field", `${at}.wellKnownCACertificates`],
    [
      `hostname: pods.example, wellKnownCACertificates: System, ${byCa}`,
      "invalid-field",
      `${at}.wellKnownCACertificates`,
    ],
    [
      `hostname: pods.example, ${byCa}, subjectAltNames: [{ type: Hostname, uri: x }]`,
      "invalid-field",
      `${at}.subjectAltNames.0.hostname`,
    ],
    [
      `hostname: pods.example, ${byCa}, subjectAltNames: [{ type: URI, uri: '' }]`,
      "invalid-field",
      `${at}.subjectAltNames.0.uri`,
    ],
    [
      `hostname: pods.example, ${byCa}, subjectAltNames: [{ type: URI, uri: x }, { type: IP, ip: x }]`,
      "invalid-field",
      `${at}.subjectAltNames.1.type`,
    ],
  ];
  test.each(cases)("validation { %s }: 500, and nothing is sent", (validation, code, path) => {
    const garbage =
      held("ConfigMap", "garbage", { "ca.crt": "x" }) +
      held("ConfigMap", "empty", {}) +
      held("ConfigMap", "by-tls", { "tls.ca": ca });
    const result = translateText(world + garbage + policy(validation));
    expect(linesOf(result)).toContain(`error ${code} BackendTLSPolicy/p ${path}`);
    expect(linesOf(result)).toContain("error backend-tls-invalid HTTPRoute/app spec.rules.0.backendRefs.0");
    expect(balancers(result)).toEqual([]);
    expect(result.table.serversTransports).toEqual({});
    expect(result.table.services[result.table.routers[0]?.service ?? ""]).toEqual({ type: "status", status: 500 });
  });

  test("takes its own share only", () => {
    const refs = "backendRefs: [{ name: app, port: 80, weight: 1 }, { name: plain, port: 80, weight: 3 }]";
    const text = gateway() + route([`{ ${refs} }`]) + services("app", "plain");
    const { table } = translateText(text + policy("hostname: pods.example"));
    expect(Object.values(table.services)).toContainEqual({
      type: "weighted",
      children: [
        { service: "invalid-backend@internal", weight: 1 },
        { service: "default-plain-80@kubernetesgateway", weight: 3 },
      ],
    });
  });

  test("is used by what is left of its references when one leads nowhere", () => {
    const refs = "{ group: '', kind: ConfigMap, name: gone }, { group: '', kind: ConfigMap, name: ca }";
    const result = translateText(world + policy(of(refs)));
    expect(linesOf(result)).toEqual([`error config-map-not-found BackendTLSPolicy/p ${ref}.0.name`]);
    expect(result.table.serversTransports).toEqual({ [key]: { serverName: "pods.example", rootCAs: [ca] } });
  });

  test("closes its Service whatever else of it cannot be read", () => {
    const text = policy("", { targets: "{ group: '', kind: Service, name: app, sectionName: 7 }" });
    const result = translateText(world + text.replace("validation: {  }", "validation: what"));
    expect(balancers(result)).toEqual([]);
  });
});

describe("which policy holds", () => {
  const twoPorts = `---
apiVersion: v1
kind: Service
metadata: { name: app }
spec: { ports: [{ name: one, port: 80 }, { name: two, port: 81 }] }
`;
  const routes = route(["{ backendRefs: [{ name: app, port: 80 }, { name: app, port: 81 }] }"]);
  const target = (section?: string): string =>
    `{ group: '', kind: Service, name: app${section === undefined ? "" : `, sectionName: ${section}`} }`;
  const named = (name: string, created: string, section?: string): string =>
    policy(`hostname: ${name}.example, ${byCa}`, { name, created, targets: target(section) });
  const [early, late] = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"];
  const cases: [string, string, string[], string[]][] = [
    ["a port has its own", named("a", early) + named("b", late, "one"), ["b", "a"], []],
    [
      "the older",
      named("a", late) + named("b", early),
      ["b", "b"],
      ["warning policy-conflict BackendTLSPolicy/a spec.targetRefs.0"],
    ],
    [
      "of equally old ones the first by name",
      named("b", early, "two") + named("a", early, "two"),
      ["-", "a"],
      ["warning policy-conflict BackendTLSPolicy/b spec.targetRefs.0"],
    ],
    ["only the port that is named", named("a", early, "two"), ["-", "a"], []],
    [
      "none, for a port that there is not",
      named("a", early, "tow"),
      ["-", "-"],
      ["warning service-port-not-found BackendTLSPolicy/a spec.targetRefs.0.sectionName"],
    ],
  ];
  test.each(cases)("%s", (_, policies, expected, lines) => {
    const result = translateText(gateway() + routes + twoPorts + authority + policies);
    expect(linesOf(result)).toEqual(lines);
    const { services: all, serversTransports } = result.table;
    const weighted = Object.values(all).find((service) => service.type === "weighted");
    const held = (weighted?.type === "weighted" ? weighted.children : []).map(({ service }) => {
      const balancer = all[service];
      const name = balancer?.type === "loadBalancer" ? balancer.serversTransport : undefined;
      return name === undefined ? "-" : serversTransports[name]?.serverName?.replace(".example", "");
    });
    expect(held).toEqual(expected);
  });
});

describe("what is told of a BackendTLSPolicy", () => {
  const good = `hostname: pods.example, ${byCa}`;
  const cases: [string, string, string[]][] = [
    [
      "a Service that there is not",
      policy(good, { targets: "{ group: '', kind: Service, name: gone }" }),
      ["warning service-not-found BackendTLSPolicy/p spec.targetRefs.0.name"],
    ],
    [
      "a target that is no Service",
      policy(good, { targets: "{ group: x.example, kind: Backend, name: app }" }),
      ["warning unsupported-field BackendTLSPolicy/p spec.targetRefs.0.kind"],
    ],
    [
      "options",
      policy(good).replace("  validation", "  options: { min-version: '1.3' }\n  validation"),
      ["warning unsupported-field BackendTLSPolicy/p spec.options"],
    ],
    [
      "a field that is none",
      policy(`${good}, hostName: x`),
      ["warning unknown-field BackendTLSPolicy/p spec.validation.hostName"],
    ],
  ];
  test.each(cases)("%s", (_, text, lines) => {
    expect(linesOf(translateText(world + text))).toEqual(lines);
  });

  test("a namespace of its targets, which have to lie beside it", () => {
    const far = policy(good, { targets: "{ group: '', kind: Service, name: app, namespace: far }" });
    const result = translateText(world + far + services("app").replace("name: app", "name: app, namespace: far"));
    expect(linesOf(result)).toEqual(["warning unknown-field BackendTLSPolicy/p spec.targetRefs.0.namespace"]);
    expect(balancers(result)).toMatchObject([{ serversTransport: key }]);
  });

  test("nothing, where all Gateways are another controller's", () => {
    const text = world.replace("sluice.dev/gateway-controller", "other.example/controller") + policy("hostname: x");
    expect(linesOf(translateText(text))).toEqual([]);
  });
});
