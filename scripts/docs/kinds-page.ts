import * as z from "zod";
import { versionsOf } from "../../sync-agent/source/known-kinds.ts";
import { backendTlsPolicySchema } from "../../sync-agent/translate/gateway-api/backend-tls-policy-schema.ts";
import { filterSchema } from "../../sync-agent/translate/gateway-api/filter-schema.ts";
import { gatewayClassSchema } from "../../sync-agent/translate/gateway-api/gateway-class.ts";
import {
  grpcFilterTypes,
  grpcMatchSchema,
  grpcRuleSchema,
} from "../../sync-agent/translate/gateway-api/grpc-schema.ts";
import { gatewaySchema, listenerSchema } from "../../sync-agent/translate/gateway-api/read-gateway.ts";
import { grantSchema } from "../../sync-agent/translate/gateway-api/reference-grant.ts";
import * as httpRoute from "../../sync-agent/translate/gateway-api/route-schema.ts";
import * as streamRoute from "../../sync-agent/translate/gateway-api/stream-schema.ts";
import * as ingress from "../../sync-agent/translate/ingress/ingress-schema.ts";
import { legacySchema, sliceSchema } from "../../sync-agent/translate/kubernetes/read-endpoints.ts";
import { serviceSpecSchema } from "../../sync-agent/translate/kubernetes/read-service.ts";
import { translators } from "../../sync-agent/translate/registry.ts";
import { ingressRouteSchema, routeSchema } from "../../sync-agent/translate/traefik/ingress-route-schema.ts";
import { tcpMiddlewareSchemas } from "../../sync-agent/translate/traefik/middleware-tcp.ts";
import { serversTransportSchema } from "../../sync-agent/translate/traefik/servers-transport-schema.ts";
import { serversTransportTcpSchema } from "../../sync-agent/translate/traefik/servers-transport-tcp.ts";
import { serviceSchema } from "../../sync-agent/translate/traefik/service-schema.ts";
import * as streams from "../../sync-agent/translate/traefik/stream-route-schema.ts";
import { tlsOptionSchema } from "../../sync-agent/translate/traefik/tls-option.ts";
import { storedCertificateSchema, tlsStoreSchema } from "../../sync-agent/translate/traefik/tls-store.ts";
import { mirrorSchema, traefikServiceSchema } from "../../sync-agent/translate/traefik/traefik-service-schema.ts";
import { referencesSchema } from "../../sync-agent/translate/traefik/use-middlewares.ts";
import { fieldRows } from "./describe-schema.ts";
import { code, page, tableSection } from "./page.ts";

interface Section {
  title: string;
  /** The API groups in which the kind is read; none for a part of kinds. */
  groups?: readonly string[];
  kind?: string;
  /** Which of the versions; all where it is left out. */
  only?: RegExp;
  schema: z.core.$ZodType;
  /** The field that the schema is for. */
  root?: string;
  inner?: Readonly<Record<string, z.core.$ZodType>>;
  /** What the code says about a field rather than its schema. */
  notes?: Readonly<Record<string, string>>;
}

const traefik = ["traefik.io", "traefik.containo.us"];
const gatewayApi = ["gateway.networking.k8s.io"];
const aService = "as in [a service of Traefik's kinds](#a-service-of-traefiks-kinds)";
const filters = "a list of [filters](#a-filter-of-a-httproute)";
const grpcFilters = `${filters} of the types ${grpcFilterTypes.map(code).join(", ")}`;

const serviceNotes = {
  strategy: "`wrr` (or `RoundRobin`), `p2c`, `hrw`, `leasttime` or `drr`",
  nodePortLB: "not used: requests go to the Pods",
};

const streamRoutes = (["TLSRoute", "TCPRoute", "UDPRoute"] as const).map(
  (title): Section => ({
    title,
    groups: gatewayApi,
    schema: title === "TLSRoute" ? streamRoute.tlsRouteSchema : streamRoute.streamRouteSchema,
    inner: {
      "parentRefs[]": httpRoute.parentRefSchema,
      "rules[]": streamRoute.streamRuleSchema,
      "rules[].backendRefs[]": streamRoute.streamBackendSchema,
    },
    notes: title === "TLSRoute" ? { hostnames: "a list of text" } : {},
  }),
);

const sections: readonly Section[] = [
  {
    title: "IngressRoute",
    groups: traefik,
    schema: ingressRouteSchema,
    inner: { "routes[]": routeSchema, "routes[].middlewares": referencesSchema },
    notes: {
      "routes[].services": `a list, each ${aService}`,
      "tls.options": "not used: TLS ends at Cloudflare; routes whose TLSOption demands client certificates are closed",
    },
  },
  {
    title: "IngressRouteTCP",
    groups: traefik,
    schema: streams.ingressRouteTcpSchema,
    inner: { "routes[]": streams.tcpRouteSchema, "routes[].middlewares": referencesSchema },
    notes: {
      "routes[].services": "a list, each as in [a service of an IngressRouteTCP](#a-service-of-an-ingressroutetcp)",
    },
  },
  {
    title: "A service of an IngressRouteTCP",
    schema: streams.tcpServiceSchema,
    root: "",
    notes: {
      nodePortLB: "not used: the Pods are connected to",
      terminationDelay:
        "milliseconds for which the other side may go on when one has ended its own; negative: without end, as when it is left out",
    },
  },
  {
    title: "ServersTransportTCP",
    groups: traefik,
    schema: serversTransportTcpSchema,
    notes: {
      dialKeepAlive: "not used: silent connections are probed every 15s",
    },
  },
  {
    title: "MiddlewareTCP",
    groups: traefik,
    schema: z.object(tcpMiddlewareSchemas),
    notes: { ipWhiteList: "the older name of `ipAllowList`" },
  },
  {
    title: "IngressRouteUDP",
    groups: traefik,
    schema: streams.ingressRouteUdpSchema,
    inner: { "routes[]": streams.udpRouteSchema, "routes[].services[]": streams.udpServiceSchema },
    notes: { "routes[].services[].nodePortLB": "not used: the Pods are sent to" },
  },
  {
    title: "TLSOption",
    groups: traefik,
    schema: tlsOptionSchema,
    notes: {
      minVersion: "Go's name of a version, such as `VersionTLS12`",
      maxVersion: "as `minVersion`",
      cipherSuites: "a list of IANA's names",
      curvePreferences: "a list of Go's names, such as `CurveP256`",
      disableSessionTickets: "not used",
      preferServerCipherSuites: "not used",
    },
  },
  {
    title: "TLSStore",
    groups: traefik,
    schema: tlsStoreSchema,
    inner: { "certificates[]": storedCertificateSchema },
    notes: { defaultGeneratedCert: "not used: certificates come from Secrets" },
  },
  {
    title: "TraefikService",
    groups: traefik,
    schema: traefikServiceSchema,
    notes: {
      "weighted.services": `a list, each ${aService}`,
      mirroring: `the main service, ${aService}, and beside its fields:`,
      "failover.service": aService,
      "failover.fallback": aService,
      highestRandomWeight: "its services are taken by weight",
    },
  },
  {
    title: "TraefikService: mirroring",
    schema: traefikServiceSchema.shape.mirroring,
    root: "spec.mirroring",
    notes: {
      ...Object.fromEntries(Object.keys(serviceSchema.shape).map((name) => [name, ""])),
      mirrors: `a list, each ${aService}, with \`percent\``,
    },
  },
  {
    title: "A service of Traefik's kinds",
    schema: mirrorSchema,
    root: "",
    inner: { middlewares: referencesSchema },
    notes: { ...serviceNotes, percent: "a number from 0 to 100; only in `mirrors`" },
  },
  { title: "ServersTransport", groups: traefik, schema: serversTransportSchema },
  {
    title: "Ingress",
    only: /\/v1$/,
    groups: ["networking.k8s.io"],
    schema: ingress.specV1,
    inner: { "rules[]": ingress.ruleSchema, "rules[].http.paths[]": ingress.pathV1 },
    notes: {
      tls: "a list; with any entry the routes use TLS",
      "rules[].http.paths[].backend.resource": "not supported: answers 503",
      "defaultBackend.resource": "not supported: answers 503",
    },
  },
  {
    title: "Ingress, the older form",
    kind: "Ingress",
    only: /beta/,
    groups: ["networking.k8s.io", "extensions"],
    schema: ingress.specV1beta1,
    inner: { "rules[]": ingress.ruleSchema, "rules[].http.paths[]": ingress.pathV1beta1 },
    notes: {
      tls: "a list; with any entry the routes use TLS",
      "rules[].http.paths[].backend.resource": "not supported: answers 503",
      "backend.resource": "not supported: answers 503",
    },
  },
  {
    title: "GatewayClass",
    groups: gatewayApi,
    schema: gatewayClassSchema,
    notes: { description: "not used: it is for people" },
  },
  {
    title: "Gateway",
    groups: gatewayApi,
    schema: gatewaySchema,
    inner: { "listeners[]": listenerSchema },
    notes: {
      "listeners[].protocol": "`HTTP`, `HTTPS`, `TLS`, `TCP` or `UDP`; others are left out",
      "listeners[].tls.certificateRefs":
        "a list of Secrets; used where the relay ends TLS: for `TLS`, and for `HTTPS` with a GRPCRoute",
      "listeners[].tls.frontendValidation": "not supported yet: the listener is left out",
      "tls.frontend": "not supported yet: listeners that end TLS are left out",
    },
  },
  {
    title: "HTTPRoute",
    groups: gatewayApi,
    schema: httpRoute.routeSchema,
    inner: {
      "parentRefs[]": httpRoute.parentRefSchema,
      "rules[]": httpRoute.ruleSchema,
      "rules[].matches[]": httpRoute.matchSchema,
      "rules[].backendRefs[]": httpRoute.backendRefSchema,
    },
    notes: {
      hostnames: "a list of text",
      "rules[].filters": filters,
      "rules[].backendRefs[].filters": filters,
      "rules[].timeouts.request": "a duration; `0s` is none",
      "rules[].timeouts.backendRequest": "a duration; `0s` is none",
      "rules[].retry.codes": "a list of statuses from 400 to 599",
      "rules[].retry.attempts": "a whole number (1): how often a request is sent again",
      "rules[].retry.backoff": "a duration (25ms)",
    },
  },
  {
    title: "GRPCRoute",
    groups: gatewayApi,
    schema: httpRoute.routeSchema,
    inner: {
      "parentRefs[]": httpRoute.parentRefSchema,
      "rules[]": grpcRuleSchema,
      "rules[].matches[]": grpcMatchSchema,
      "rules[].backendRefs[]": httpRoute.backendRefSchema,
    },
    notes: {
      hostnames: "a list of text",
      "rules[].filters": grpcFilters,
      "rules[].backendRefs[].filters": grpcFilters,
    },
  },
  ...streamRoutes,
  {
    title: "A filter of a HTTPRoute",
    schema: filterSchema,
    root: "",
    notes: {
      "requestMirror.backendRef": "as in `backendRefs[]`, without `weight` and `filters`",
      "externalAuth.backendRef": "as in `backendRefs[]`, without `weight` and `filters`",
    },
  },
  { title: "ReferenceGrant", groups: gatewayApi, schema: grantSchema },
  {
    title: "BackendTLSPolicy",
    groups: gatewayApi,
    schema: backendTlsPolicySchema,
    notes: { "validation.wellKnownCACertificates": "`System`" },
  },
  { title: "Service", groups: [""], schema: serviceSpecSchema },
  { title: "EndpointSlice", groups: ["discovery.k8s.io"], schema: sliceSchema, root: "" },
  { title: "Endpoints", groups: [""], schema: legacySchema, root: "" },
];

/** The fields of each kind that is translated. */
export function kindsPage(): string {
  const described = new Set(["Middleware", ...sections.map(({ title, kind = title }) => kind)]);
  const forgotten = Object.keys(translators).find((kind) => !described.has(kind));
  if (forgotten !== undefined) throw new Error(`${forgotten} has no section`);
  return page(
    "Kinds and their fields",
    "What `sluice` reads of each Kubernetes kind. *Not used* is a field that is known and does nothing yet. A field that is not listed is reported as unknown, with the nearest name (except in Service, EndpointSlice and Endpoints, which say much that is not about routing). IngressClass, Secret, ConfigMap and Namespace are read where other objects refer to them; a Middleware's fields are in [middlewares](middlewares.md), annotations in [annotations](annotations.md).",
    [...sections.map(describeSection)],
  );
}

function describeSection(section: Section): string {
  const { title, kind = title, groups = [], only = /./, schema, root = "spec", inner = {}, notes = {} } = section;
  const rows = fieldRows(schema, { inner, notes });
  const unknown = Object.keys(notes).find((path) => !rows.some((row) => row.path === path));
  if (unknown !== undefined) throw new Error(`${title} has no field ${unknown}`);
  const cells = rows
    .filter(({ form }) => form !== "")
    .map(({ path, form }) => [code(root === "" ? path : `${root}.${path}`), form]);
  const table = tableSection(title, ["field", "value"], cells);
  if (groups.length === 0) return table;
  const versions = groups.flatMap((group) => versionsOf(group, kind)).filter((version) => only.test(version));
  return table.replace("\n\n", `\n\n${versions.map(code).join(", ")}\n\n`);
}
