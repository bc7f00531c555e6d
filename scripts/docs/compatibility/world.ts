import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { defaultSettings, type TranslateSettings } from "../../../sync-agent/translate/settings.ts";

/** What `spec` or the other fields of an object hold. */
export type Fields = Record<string, unknown>;

/** The name of the object whose fields are tried. */
export const PROBE = "probe";

/** A namespace that nothing may refer into unless the object under test grants it. */
export const UNGRANTED = "ungranted";

const TRAEFIK = "traefik.io/v1alpha1";
const GATEWAY_API = "gateway.networking.k8s.io/v1";

/** An object of a kind of Traefik's, in the namespace `default`. */
export const traefik = (kind: string, name: string, spec: Fields, namespace = "default"): KubernetesObject => ({
  apiVersion: TRAEFIK,
  kind,
  metadata: { name, namespace },
  spec,
});

/** As `traefik`, of a kind of Gateway API's. */
export const gatewayApi = (kind: string, name: string, spec: Fields, apiVersion = GATEWAY_API): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: "default" },
  spec,
});

/** Every setting that lets a reference be followed is on. */
export function probeSettings(): TranslateSettings {
  const settings = defaultSettings();
  const open = { allowCrossNamespace: true, allowExternalNameServices: true };
  return {
    ...settings,
    entryPoints: { ...settings.entryPoints, other: { port: 8000 } },
    relayEntryPoints: {
      ...settings.relayEntryPoints,
      other: { protocol: "tcp", host: "", port: 8000 },
      tcp: { protocol: "tcp", host: "", port: 9000 },
      tls: { protocol: "tcp", host: "", port: 9443 },
      udp: { protocol: "udp", host: "", port: 53 },
      "other-udp": { protocol: "udp", host: "", port: 5353 },
    },
    crd: { ...settings.crd, ...open },
    ingress: { ...settings.ingress, ...open },
    sealKey: new Uint8Array(32).fill(7),
  };
}

/**
 * What the object under test may refer to. `web` is what it names to begin with, `other` what it may name instead, of
 * every kind, in the namespaces `default` and `other`; and what refers to it, so that what it says shows in the table.
 */
export async function makeWorld(): Promise<KubernetesObject[]> {
  const named = async (name: string, namespace: string, depth: number): Promise<KubernetesObject[]> => [
    ...service(name, namespace, `10.${depth}.0.1`),
    ...(await secrets(name, namespace)),
    traefik("Middleware", name, { addPrefix: { prefix: `/${namespace}/${name}` } }, namespace),
    // Without services, for routes to stand below it.
    traefik("IngressRoute", name, { routes: [{ match: `Host(\`${name}.${namespace}.example\`)` }] }, namespace),
    traefik("MiddlewareTCP", name, { inFlightConn: { amount: 100 + depth } }, namespace),
    traefik("TraefikService", name, { weighted: { services: [{ name: "web", port: 80 }] } }, namespace),
    traefik("ServersTransport", name, { serverName: `${name}.${namespace}.example` }, namespace),
    traefik("ServersTransportTCP", name, { tls: { serverName: `${name}.${namespace}.example` } }, namespace),
    traefik("TLSOption", name, { minVersion: depth % 2 === 0 ? "VersionTLS12" : "VersionTLS13" }, namespace),
  ];
  return [
    ...["default", "other", UNGRANTED].map((name) => plain("Namespace", name, undefined, {})),
    ...(await named("web", "default", 1)),
    ...(await named("other", "default", 2)),
    ...(await named("web", "other", 3)),
    ...(await named("other", "other", 4)),
    ...service("web", UNGRANTED, "10.5.0.1"),
    ...users(),
    endpoints(PROBE, "default", "10.6.0.1", [{ name: "http", port: 80, protocol: "TCP" }]),
    ...gateways(),
  ];
}

async function secrets(name: string, namespace: string): Promise<KubernetesObject[]> {
  const { cert, key } = await makeCertificate([`${name}.example`], Date.now());
  const users = `${name}:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=`;
  const digests = ["traefik", "other"].map((realm) => `${name}:${realm}:a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5`);
  const secret = (suffix: string, stringData: Fields): KubernetesObject =>
    plain("Secret", `${name}${suffix}`, namespace, { type: "Opaque", stringData });
  return [
    secret("", { "tls.crt": cert, "tls.key": key, "ca.crt": cert, users }),
    plain("ConfigMap", name, namespace, { data: { "ca.crt": cert } }),
    secret("-digest", { users: digests.slice(0, 1).join("\n") }),
    secret("-key", { key: `${name} in ${namespace}, long enough to sign tokens with` }),
    secret("-realms", { users: digests.join("\n") }),
  ];
}

function plain(kind: string, name: string, namespace: string | undefined, fields: Fields): KubernetesObject {
  return { apiVersion: "v1", kind, metadata: { name, ...(namespace && { namespace }) }, ...fields };
}

function service(name: string, namespace: string, address: string): KubernetesObject[] {
  const ports = [
    { name: "http", port: 80, protocol: "TCP" },
    { name: "other", port: 81, protocol: "TCP" },
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "other-dns", port: 54, protocol: "UDP" },
  ];
  return [
    plain("Service", name, namespace, { spec: { type: "ClusterIP", clusterIP: `10.96${address.slice(4)}`, ports } }),
    endpoints(name, namespace, address, ports),
  ];
}

const endpoints = (
  name: string,
  namespace: string,
  address: string,
  ports: readonly { name: string; port: number; protocol: string }[],
): KubernetesObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
  addressType: "IPv4",
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: ports.map((port) => ({ ...port, port: port.port + 8000 })),
});

/** Routes that refer to the object under test, of whichever kind it is. */
function users(): KubernetesObject[] {
  const http = (suffix: string, route: Fields): KubernetesObject =>
    traefik("IngressRoute", `user-of-${suffix}`, { routes: [{ match: `Host(\`${suffix}.example\`)`, ...route }] });
  const web = { name: "web", port: 80 };
  return [
    http("middleware", { services: [web], middlewares: [{ name: PROBE }] }),
    http("service", { services: [{ name: PROBE, kind: "TraefikService" }] }),
    http("transport", { services: [{ ...web, serversTransport: PROBE }] }),
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "other" },
      spec: { controller: "other.example/ingress-controller" },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "user", namespace: "default" },
      spec: { defaultBackend: { service: { name: PROBE, port: { number: 80 } } } },
    },
    traefik("IngressRouteTCP", "user", {
      entryPoints: ["tcp"],
      routes: [
        {
          match: "HostSNI(`user.example`)",
          middlewares: [{ name: PROBE }],
          services: [{ ...web, tls: true, serversTransport: PROBE }],
        },
      ],
      tls: { options: { name: PROBE } },
    }),
  ];
}

function gateways(): KubernetesObject[] {
  const http = { name: "http", port: 80, protocol: "HTTP" };
  const https = { name: "https", port: 443, protocol: "HTTPS", tls: { certificateRefs: [{ name: "web" }] } };
  const listeners = [
    http,
    https,
    { name: "other", port: 8000, protocol: "HTTP" },
    { name: "tls", port: 9443, protocol: "TLS", tls: { mode: "Passthrough" } },
    { name: "tcp", port: 9000, protocol: "TCP" },
    { name: "udp", port: 53, protocol: "UDP" },
  ];
  const gatewayClass = (name: string, controllerName: string): KubernetesObject => ({
    apiVersion: GATEWAY_API,
    kind: "GatewayClass",
    metadata: { name },
    spec: { controllerName },
  });
  const route = (name: string, parent: Fields, backend: Fields = {}, kind = "HTTPRoute"): KubernetesObject =>
    gatewayApi(kind, name, {
      parentRefs: [parent],
      hostnames: ["web.example"],
      rules: [{ backendRefs: [{ name: "web", port: 80, ...backend }] }],
    });
  const routeKinds = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];
  return [
    gatewayClass("web", "sluice.dev/gateway-controller"),
    gatewayClass("other", "other.example/gateway-controller"),
    gatewayApi("Gateway", "web", { gatewayClassName: "web", listeners }),
    gatewayApi("Gateway", "other", { gatewayClassName: "web", listeners: [https] }),
    route("of-probe", { name: PROBE }),
    route("of-probe-section", { name: PROBE, sectionName: "http" }),
    route("of-probe", { name: PROBE }, {}, "GRPCRoute"),
    gatewayApi("Gateway", "of-class", { gatewayClassName: PROBE, listeners }),
    route("of-class", { name: "of-class" }),
    // Services of whose policies the routes of Gateway API ask.
    gatewayApi("HTTPRoute", "to-services", {
      parentRefs: [{ name: "web" }],
      hostnames: ["to-services.example"],
      rules: [{ backendRefs: ["web", "other"].flatMap((name) => [80, 81].map((port) => ({ name, port }))) }],
    }),
    route("across", { name: "web" }, { namespace: UNGRANTED }),
    grant("other", [...routeKinds.map((kind) => ({ kind, to: "Service" })), { kind: "Gateway", to: "Secret" }]),
  ];
}

function grant(namespace: string, references: readonly { kind: string; to: string }[]): KubernetesObject {
  const from = references.map(({ kind }) => ({ group: "gateway.networking.k8s.io", kind, namespace: "default" }));
  const to = references.map(({ to: kind }) => ({ group: "", kind }));
  return { ...gatewayApi("ReferenceGrant", "all", { from, to }), metadata: { name: "all", namespace } };
}
