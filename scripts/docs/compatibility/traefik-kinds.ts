import * as models from "@kubernetes-models/traefik/traefik.io/v1alpha1";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { crdFields } from "./crd-fields.ts";
import type { KindUnderTest } from "./kind-under-test.ts";
import { type Fields, PROBE, traefik } from "./world.ts";

const web = { name: "web", port: 80 };
const healthCheck = { path: "/health", interval: "10s", timeout: "3s" };

/** Bases for the fields of a service at a path, which `make` puts into an object. */
const ofService = (path: string, make: (service: Fields) => KubernetesObject): Record<string, KubernetesObject> => ({
  [path]: make(web),
  [`${path}.middlewares`]: make({ ...web, middlewares: [{ name: "web" }] }),
  [`${path}.healthCheck`]: make({ ...web, healthCheck }),
  [`${path}.passiveHealthCheck`]: make({ ...web, passiveHealthCheck: { maxFailedAttempts: 3, failureWindow: "10s" } }),
  [`${path}.sticky`]: make({ ...web, sticky: { cookie: { name: "web" } } }),
});

const ingressRoute = (route: Fields, more: Fields = {}): KubernetesObject =>
  traefik("IngressRoute", PROBE, { routes: [{ match: "HostRegexp(`^web.example$`)", ...route }], ...more });

const tcpRoute = (route: Fields, tls: Fields = {}): KubernetesObject =>
  traefik("IngressRouteTCP", PROBE, {
    entryPoints: ["tcp"],
    routes: [{ match: "HostSNIRegexp(`^web.example$`)", services: [web], ...route }],
    tls,
  });

const dns = { name: "web", port: 53 };
const udpRoute = (...services: Fields[]): KubernetesObject =>
  traefik("IngressRouteUDP", PROBE, { entryPoints: ["udp"], routes: [{ services }] });

const traefikService = (spec: Fields): KubernetesObject => traefik("TraefikService", PROBE, spec);

/** One for each type, since a Middleware has one. */
const middlewares: Readonly<Record<string, Fields>> = {
  addPrefix: { prefix: "/web" },
  basicAuth: { secret: "web" },
  buffering: { maxRequestBodyBytes: 1000 },
  chain: { middlewares: [{ name: "web" }] },
  circuitBreaker: { expression: "NetworkErrorRatio() > 0.5" },
  compress: {},
  contentType: {},
  digestAuth: { secret: "web-digest" },
  encodedCharacters: {},
  errors: { status: ["500"], service: web, query: "/{status}.html" },
  forwardAuth: { address: "http://web.default.svc.cluster.local", preserveRequestMethod: true },
  grpcWeb: { allowOrigins: ["*"] },
  headers: { customRequestHeaders: { "X-Web": "web" } },
  inFlightReq: { amount: 10 },
  ipAllowList: { sourceRange: ["10.0.0.0/8"] },
  ipWhiteList: { sourceRange: ["10.0.0.0/8"] },
  jwt: { jwksUrl: "http://web.default.svc.cluster.local/keys" },
  passTLSClientCert: { pem: true },
  plugin: {},
  rateLimit: { average: 10 },
  redirectRegex: { regex: "^web(.*)$", replacement: "other" },
  redirectScheme: { scheme: "https" },
  replacePath: { path: "/web" },
  replacePathRegex: { regex: "^/web(.*)$", replacement: "/$1" },
  retry: { attempts: 3, status: ["503"] },
  stripPrefix: { prefixes: ["/web"] },
  stripPrefixRegex: { regex: ["^/web"] },
};

const middleware = (type: string, options: Fields): KubernetesObject =>
  traefik("Middleware", PROBE, { [type]: options });

const tcpMiddleware = (spec: Fields): KubernetesObject => traefik("MiddlewareTCP", PROBE, spec);

/** The kinds of https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/ */
export const traefikKinds: readonly KindUnderTest[] = [
  {
    kind: "IngressRoute",
    fields: crdFields(models.IngressRoute),
    bases: {
      spec: ingressRoute({ services: [web] }),
      "spec.routes[].middlewares": ingressRoute({ services: [web], middlewares: [{ name: "web" }] }),
      ...ofService("spec.routes[].services[]", (service) => ingressRoute({ services: [service] })),
      // A service that is alone takes everything.
      "spec.routes[].services[].weight": ingressRoute({ services: [web, { name: "other", port: 80 }] }),
      // Certificates are the relay's, which calls of gRPC reach.
      "spec.tls": ingressRoute({ services: [{ ...web, scheme: "h2c" }] }, { tls: {} }),
      "spec.tls.options": ingressRoute({ services: [web] }, { tls: { options: { name: "web" } } }),
      "spec.parentRefs": ingressRoute({ services: [web] }, { parentRefs: [{ name: "web" }] }),
    },
  },
  {
    kind: "IngressRouteTCP",
    fields: crdFields(models.IngressRouteTCP),
    bases: {
      spec: tcpRoute({}),
      "spec.routes[].middlewares": tcpRoute({ middlewares: [{ name: "web" }] }),
      "spec.routes[].services[].weight": tcpRoute({ services: [web, { name: "other", port: 80 }] }),
      "spec.tls.options": tcpRoute({}, { options: { name: "web" } }),
      "spec.routes[].services[].serversTransport": tcpRoute({ services: [{ ...web, tls: true }] }),
      "spec.tls.store": tcpRoute({}, { store: { name: "other" } }),
    },
  },
  {
    kind: "IngressRouteUDP",
    fields: crdFields(models.IngressRouteUDP),
    bases: {
      spec: udpRoute(dns),
      "spec.routes[].services[].weight": udpRoute(dns, { name: "other", port: 53 }),
    },
  },
  {
    kind: "TraefikService",
    fields: crdFields(models.TraefikService),
    bases: {
      spec: traefikService({}),
      "spec.weighted": traefikService({ weighted: { services: [web, { name: "other", port: 80 }] } }),
      ...ofService("spec.weighted.services[]", (service) =>
        traefikService({ weighted: { services: [service, { name: "other", port: 80 }] } }),
      ),
      ...ofService("spec.mirroring", (service) =>
        traefikService({ mirroring: { ...service, mirrors: [{ name: "other", port: 80, percent: 10 }] } }),
      ),
      ...ofService("spec.mirroring.mirrors[]", (service) =>
        traefikService({ mirroring: { ...web, mirrors: [{ ...service, percent: 10 }] } }),
      ),
      "spec.failover": traefikService({ failover: { service: web, fallback: { name: "other", port: 80 } } }),
      "spec.failover.errors": traefikService({
        failover: { service: web, fallback: { name: "other", port: 80 }, errors: { status: ["503"] } },
      }),
      ...ofService("spec.failover.service", (service) =>
        traefikService({ failover: { service, fallback: { name: "other", port: 80 } } }),
      ),
      ...ofService("spec.failover.fallback", (service) =>
        traefikService({ failover: { service: { name: "other", port: 80 }, fallback: service } }),
      ),
      ...ofService("spec.highestRandomWeight.services[]", (service) =>
        traefikService({ highestRandomWeight: { services: [service, { name: "other", port: 80 }] } }),
      ),
    },
  },
  {
    kind: "Middleware",
    fields: crdFields(models.Middleware),
    bases: {
      ...Object.fromEntries(
        Object.entries(middlewares).map(([type, options]) => [`spec.${type}`, middleware(type, options)]),
      ),
      "spec.jwt.secret": middleware("jwt", { secret: "web-key" }),
      "spec.forwardAuth.tls": middleware("forwardAuth", {
        address: "https://web.default.svc.cluster.local:81",
        tls: { caSecret: "web" },
      }),
      "spec.digestAuth.realm": middleware("digestAuth", { secret: "web-realms" }),
      ...ofService("spec.errors.service", (service) =>
        middleware("errors", { status: ["500"], service, query: "/{status}.html" }),
      ),
    },
  },
  {
    kind: "MiddlewareTCP",
    fields: crdFields(models.MiddlewareTCP),
    bases: {
      "spec.inFlightConn": tcpMiddleware({ inFlightConn: { amount: 10 } }),
      "spec.ipAllowList": tcpMiddleware({ ipAllowList: { sourceRange: ["10.0.0.0/8"] } }),
      "spec.ipWhiteList": tcpMiddleware({ ipWhiteList: { sourceRange: ["10.0.0.0/8"] } }),
    },
  },
  {
    kind: "ServersTransport",
    fields: crdFields(models.ServersTransport),
    bases: {
      spec: traefik("ServersTransport", PROBE, {}),
      "spec.peerCertSANs": traefik("ServersTransport", PROBE, {
        peerCertSANs: [{ type: "URI", value: "spiffe://web" }],
      }),
      "spec.spiffe": traefik("ServersTransport", PROBE, { spiffe: {} }),
    },
  },
  {
    kind: "ServersTransportTCP",
    fields: crdFields(models.ServersTransportTCP),
    bases: {
      spec: traefik("ServersTransportTCP", PROBE, { tls: {} }),
      "spec.tls.peerCertSANs": traefik("ServersTransportTCP", PROBE, {
        tls: { peerCertSANs: [{ type: "URI", value: "spiffe://web" }] },
      }),
      "spec.tls.spiffe": traefik("ServersTransportTCP", PROBE, { tls: { spiffe: {} } }),
    },
  },
  {
    kind: "TLSOption",
    fields: crdFields(models.TLSOption),
    bases: {
      spec: traefik("TLSOption", PROBE, {}),
      "spec.clientAuth": traefik("TLSOption", PROBE, { clientAuth: { secretNames: ["web"] } }),
    },
  },
  {
    kind: "TLSStore",
    fields: crdFields(models.TLSStore),
    bases: {
      spec: traefik("TLSStore", "default", {}),
    },
  },
];
