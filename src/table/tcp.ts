import * as z from "zod/mini";
import { tcpRuleSchema } from "./tcp-rule.ts";

/** TCP as the relay carries it. Nothing of this goes to KV: the edge has no use for it. */
export const tcpRouterSchema = z.strictObject({
  /** Traefik's name for it, with its provider. Unique among TCP routers. */
  name: z.string(),
  entryPoints: z.array(z.string()),
  rule: tcpRuleSchema,
  ruleText: z.string(),
  /** Higher wins. */
  priority: z.number(),
  /** Decides between equal priorities: the smaller string wins. Unique among TCP routers. */
  tieBreaker: z.string(),
  /** Names of entries in `tcpMiddlewares`. */
  middlewares: z.array(z.string()),
  /** Name of an entry in `tcpServices`. */
  service: z.string(),
  /** Unset: connections that are not TLS. */
  tls: z.optional(
    z.strictObject({
      /** The Pod ends TLS. Otherwise the relay does, with a certificate for the name that the client asks for. */
      passthrough: z.boolean(),
      /** Name of an entry in `tlsOptions`; unset: the defaults. */
      options: z.optional(z.string()),
    }),
  ),
  /** Set when a guard of the route could not be built: the code of the problem. Its connections are closed. */
  closedBy: z.optional(z.string()),
});
export type TcpRouter = z.infer<typeof tcpRouterSchema>;

const tcpLoadBalancerSchema = z.strictObject({
  type: z.literal("loadBalancer"),
  /** Key of its entry in `relayEndpoints`. */
  endpoints: z.string(),
  /** `leastconn`: the endpoint with the fewest connections. `clientIp`: by a hash of the client's address. */
  strategy: z.optional(z.enum(["wrr", "leastconn", "clientIp"])),
  /**
   * How long the other direction may go on after one side has ended its own, in milliseconds; negative: for as long
   * as it likes.
   */
  terminationDelayMs: z.optional(z.number()),
  /** Version of the PROXY protocol header that the endpoint is sent. */
  proxyProtocol: z.optional(z.union([z.literal(1), z.literal(2)])),
  /** Speak TLS to the endpoint. */
  tls: z.optional(z.boolean()),
  /** Name of an entry in `serversTransports`, of which TLS and the dial timeout count here. */
  serversTransport: z.optional(z.string()),
  /** Endpoints are probed by connecting, and by an exchange when `send` or `expect` are set. Milliseconds. */
  healthCheck: z.optional(
    z.strictObject({
      intervalMs: z.number(),
      timeoutMs: z.number(),
      port: z.optional(z.number()),
      send: z.optional(z.string()),
      expect: z.optional(z.string()),
    }),
  ),
});
export type TcpLoadBalancer = z.infer<typeof tcpLoadBalancerSchema>;

/**
 * Children with their weights; a weight of 0 gets nothing, and one that cannot serve leaves its share to the others.
 * Without children it refuses what comes, and as a child it refuses its share.
 */
const weightedSchema = z.strictObject({
  type: z.literal("weighted"),
  children: z.array(z.strictObject({ service: z.string(), weight: z.number() })),
});

export const tcpServiceSchema = z.discriminatedUnion("type", [tcpLoadBalancerSchema, weightedSchema]);
export type TcpService = z.infer<typeof tcpServiceSchema>;

export const tcpMiddlewareSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ipAllowList"), sourceRange: z.array(z.string()) }),
  /** Connections at one time from one address. */
  z.strictObject({ type: z.literal("inFlightConn"), amount: z.number() }),
]);
export type TcpMiddleware = z.infer<typeof tcpMiddlewareSchema>;

/** UDP has no rules: each entry point has one router. */
export const udpRouterSchema = z.strictObject({
  name: z.string(),
  entryPoints: z.array(z.string()),
  /** Decides which of several routers an entry point has: the smaller string wins. */
  tieBreaker: z.string(),
  /** Name of an entry in `udpServices`. */
  service: z.string(),
});
export type UdpRouter = z.infer<typeof udpRouterSchema>;

export const udpServiceSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("loadBalancer"), endpoints: z.string() }),
  weightedSchema,
]);
export type UdpService = z.infer<typeof udpServiceSchema>;
