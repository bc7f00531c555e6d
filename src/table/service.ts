import * as z from "zod/mini";
import { childRouterSchema } from "./router.ts";

/** A sticky cookie, with Traefik's names. `maxAge` in seconds; 0 leaves the attribute out. */
const stickyCookieSchema = z.strictObject({
  name: z.string(),
  path: z.string(),
  domain: z.optional(z.string()),
  secure: z.boolean(),
  httpOnly: z.boolean(),
  sameSite: z.optional(z.enum(["none", "lax", "strict"])),
  maxAge: z.number(),
  /** Clients are told and tell it in a header of that name, and not in a cookie. */
  inHeader: z.optional(z.boolean()),
  /** A session is over so many milliseconds after it began, ... */
  absoluteTimeoutMs: z.optional(z.number()),
  /** ... and after it was used last. */
  idleTimeoutMs: z.optional(z.number()),
});
export type StickyCookie = z.infer<typeof stickyCookieSchema>;

/** One child of a weighted service. A weight of 0 gets no new traffic; a sticky session still reaches it. */
const weightedChildSchema = z.strictObject({
  service: z.string(),
  weight: z.number(),
  /** The cookie value written for this child (Traefik: first 16 hex digits of sha256 of the child's name). */
  cookieValue: z.optional(z.string()),
  /** Older values that are still honoured, then rewritten: the plain child name and Traefik's fnv forms. */
  legacyCookieValues: z.optional(z.array(z.string())),
});

const schemeSchema = z.enum(["http", "https", "h2c"]);

/** How endpoints are probed (Traefik's `healthCheck`). */
const healthCheckSchema = z.strictObject({
  /** `grpc`: by the health protocol of gRPC, whatever `path`, `method` and `status` say. */
  mode: z.enum(["http", "grpc"]),
  path: z.string(),
  method: z.string(),
  /** In place of the load balancer's own. */
  scheme: z.optional(schemeSchema),
  /** In place of the endpoints' own. */
  port: z.optional(z.number()),
  /** What Host says; the endpoint's own address when unset. */
  hostname: z.optional(z.string()),
  headers: z.record(z.string(), z.string()),
  /** The one that passes; when unset 200 to 399. */
  status: z.optional(z.number()),
  followRedirects: z.boolean(),
  intervalMs: z.number(),
  /** Between two probes of an endpoint that does not pass. */
  unhealthyIntervalMs: z.number(),
  timeoutMs: z.number(),
});
export type HealthCheck = z.infer<typeof healthCheckSchema>;

/** Taking out endpoints by how they answer requests (Traefik's `passiveHealthCheck`). */
const passiveHealthCheckSchema = z.strictObject({
  /** Failed attempts in a row that take an endpoint out, ... */
  maxFailedAttempts: z.number(),
  /** ... when they come within so many milliseconds. It stays out as long. */
  failureWindowMs: z.number(),
});
export type PassiveHealthCheck = z.infer<typeof passiveHealthCheckSchema>;

/** What clients are told apart by; one that does not say it is told apart by its address. */
const clientKeySchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("address") }),
  /** Names of headers are in lower case. */
  z.strictObject({ type: z.literal("header"), name: z.string() }),
  z.strictObject({ type: z.literal("cookie"), name: z.string() }),
]);
export type ClientKey = z.infer<typeof clientKeySchema>;

/** The Pods behind one port of one Kubernetes Service, or one external URL. */
const loadBalancerSchema = z.strictObject({
  type: z.literal("loadBalancer"),
  /** Key of its entry in `Table.endpoints`: `<namespace>-<service>-<port>`. */
  endpoints: z.string(),
  /** How the Pods are spoken to. */
  scheme: schemeSchema,
  /** false: the Pod is sent its own address as Host. */
  passHostHeader: z.boolean(),
  /** `gateway`: through the origin gateway, which picks the Pod. `direct`: a plain fetch from the edge. */
  transport: z.enum(["gateway", "direct"]),
  /** Pod-level stickiness; the gateway writes this cookie. */
  sticky: z.optional(stickyCookieSchema),
  /** Name of an entry in `Table.serversTransports`. */
  serversTransport: z.optional(z.string()),
  /** Milliseconds; negative flushes at once. */
  flushIntervalMs: z.optional(z.number()),
  /** An endpoint that does not pass gets no requests. */
  healthCheck: z.optional(healthCheckSchema),
  passiveHealthCheck: z.optional(passiveHealthCheckSchema),
  /**
   * Which endpoint a request goes to. `p2c`: of two, the one with fewer requests under way; `hrw`: by the client
   * (`clientKey`); `leasttime`: the one that answers soonest; `drr`: in turn, fewer to those that fail or are slow. In turn
   * when unset.
   */
  strategy: z.optional(z.enum(["p2c", "hrw", "leasttime", "drr"])),
  /** For `hrw`; the address when unset. */
  clientKey: z.optional(clientKeySchema),
});
export type LoadBalancer = z.infer<typeof loadBalancerSchema>;

const weightedSchema = z.strictObject({
  type: z.literal("weighted"),
  children: z.array(weightedChildSchema),
  sticky: z.optional(stickyCookieSchema),
  /** Each client belongs to one child, by weight; in turn when unset. A session goes before it. */
  clientKey: z.optional(clientKeySchema),
});
export type Weighted = z.infer<typeof weightedSchema>;

const mirroringSchema = z.strictObject({
  type: z.literal("mirroring"),
  service: z.string(),
  mirrorBody: z.boolean(),
  /** Bytes; -1 is no limit. A larger body is not mirrored. */
  maxBodySize: z.number(),
  mirrors: z.array(z.strictObject({ service: z.string(), percent: z.number() })),
});
export type Mirroring = z.infer<typeof mirroringSchema>;

const failoverSchema = z.strictObject({
  type: z.literal("failover"),
  service: z.string(),
  fallback: z.string(),
  /** Answers of the main service that the fallback answers in place of (Traefik's `failover.errors`). */
  errors: z.optional(
    z.strictObject({
      /** `502`, or a range: `500-599`. */
      status: z.array(z.string()),
      /** Of a request's body so many bytes are kept for the fallback; with a longer one the main service's answer stands. */
      maxBodyBytes: z.number(),
    }),
  ),
});
export type Failover = z.infer<typeof failoverSchema>;

/** A service behind middlewares of its own (Traefik's per-service middlewares, Gateway API's backend filters). */
const filteredSchema = z.strictObject({
  type: z.literal("filtered"),
  middlewares: z.array(z.string()),
  service: z.string(),
});

/** The routers below a router (Traefik's `parentRefs`), which see the request as that one's middlewares have left it. */
const routersSchema = z.strictObject({ type: z.literal("routers"), routers: z.array(childRouterSchema) });

/** Answers every request with a status: what stands in for a reference that cannot be resolved. */
const statusSchema = z.strictObject({ type: z.literal("status"), status: z.number() });

export const serviceSchema = z.discriminatedUnion("type", [
  loadBalancerSchema,
  weightedSchema,
  mirroringSchema,
  failoverSchema,
  filteredSchema,
  routersSchema,
  statusSchema,
]);
export type Service = z.infer<typeof serviceSchema>;

export const endpointSchema = z.strictObject({
  /** An IP address, or for an ExternalName service its host name. */
  address: z.string(),
  port: z.number(),
  /** `terminating`: keeps the sessions it has, gets new ones only when no endpoint is ready. */
  state: z.enum(["ready", "terminating"]),
});
export type Endpoint = z.infer<typeof endpointSchema>;

/** Where a load balancer's requests can go. Endpoints that can serve nothing are not listed. */
export const endpointsSchema = z.strictObject({
  endpoints: z.array(endpointSchema),
  /** The Service's own address, dialled when no endpoint answers. */
  clusterIp: z.optional(z.strictObject({ address: z.string(), port: z.number() })),
});
export type Endpoints = z.infer<typeof endpointsSchema>;

/** How the gateway connects to Pods (Traefik's ServersTransport). Read by the relay only: it may carry keys. */
export const serversTransportSchema = z.strictObject({
  serverName: z.optional(z.string()),
  insecureSkipVerify: z.optional(z.boolean()),
  /** PEM certificates. */
  rootCAs: z.optional(z.array(z.string())),
  /** Client certificates, PEM. */
  certificates: z.optional(z.array(z.strictObject({ certificate: z.string(), key: z.string() }))),
  maxIdleConnsPerHost: z.optional(z.number()),
  disableHttp2: z.optional(z.boolean()),
  dialTimeoutMs: z.optional(z.number()),
  responseHeaderTimeoutMs: z.optional(z.number()),
  idleConnTimeoutMs: z.optional(z.number()),
  /** Over HTTP/2: after so long without a frame the Pod is asked for a sign of life; 0 never. */
  readIdleTimeoutMs: z.optional(z.number()),
  /** ... for which it has so long. */
  pingTimeoutMs: z.optional(z.number()),
  /** A URI that the Pod's certificate must name, or one of `peerCertSans`. */
  peerCertUri: z.optional(z.string()),
  /** Of these the Pod's certificate must name one. */
  peerCertSans: z.optional(z.array(z.strictObject({ type: z.enum(["dns", "uri"]), value: z.string() }))),
  /**
   * Pods are known by their SPIFFE IDs, and the relay by its own: one of `ids`, else any of `trustDomain`, else any of a
   * trust domain whose authorities are known. What of TLS stands above has no part in it then.
   */
  spiffe: z.optional(
    z.strictObject({
      ids: z.optional(z.array(z.string())),
      /** Its name alone. */
      trustDomain: z.optional(z.string()),
    }),
  ),
  minTlsVersion: z.optional(z.enum(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])),
  maxTlsVersion: z.optional(z.enum(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])),
  /** By OpenSSL's names; those of TLS 1.3 are its own. */
  cipherSuites: z.optional(z.array(z.string())),
  /** Set when it could not be read whole: nothing is connected to by it. */
  closedBy: z.optional(z.string()),
});
export type ServersTransport = z.infer<typeof serversTransportSchema>;
