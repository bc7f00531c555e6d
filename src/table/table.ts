import * as z from "zod/mini";
import { middlewareSchema } from "./middleware.ts";
import { ruleSchema } from "./rule.ts";
import { endpointsSchema, serversTransportSchema, serviceSchema } from "./service.ts";

/** The format of the table and of its snapshot in KV. A Worker that meets a newer one keeps its last good table. */
export const TABLE_VERSION = 1;

/** A named listener. In production the edge finds it by scheme and port; locally each has a socket. */
export const entryPointSchema = z.strictObject({
  /** The port that clients use. */
  port: z.number(),
  /** CIDR blocks whose X-Forwarded-* headers are believed; everyone's when `insecure`. */
  forwardedHeaders: z.optional(
    z.strictObject({ insecure: z.optional(z.boolean()), trustedIps: z.optional(z.array(z.string())) }),
  ),
});
export type EntryPoint = z.infer<typeof entryPointSchema>;

export const routerSchema = z.strictObject({
  /** Traefik's name for it, with its provider: `default-app-1a2b…@kubernetescrd`. Unique in the table. */
  name: z.string(),
  entryPoints: z.array(z.string()),
  /** TLS and plain routers are apart: a request over TLS sees only routers with `tls`. */
  tls: z.boolean(),
  rule: ruleSchema,
  /** The rule as its author wrote it, for people. */
  ruleText: z.string(),
  /** Higher wins. */
  priority: z.number(),
  /** Decides between equal priorities: the smaller string wins. Unique in the table. */
  tieBreaker: z.string(),
  middlewares: z.array(z.string()),
  service: z.string(),
  /**
   * Set when a middleware or another guard of the route could not be built: the code of the problem. Such a
   * router still matches, and answers 503: it is never served unguarded, nor by a lower router.
   */
  closedBy: z.optional(z.string()),
});
export type Router = z.infer<typeof routerSchema>;

/** Everything that the three programs share about what is routed where. Knows nothing of Kubernetes or Cloudflare. */
export const tableSchema = z.strictObject({
  entryPoints: z.record(z.string(), entryPointSchema),
  routers: z.array(routerSchema),
  services: z.record(z.string(), serviceSchema),
  middlewares: z.record(z.string(), middlewareSchema),
  endpoints: z.record(z.string(), endpointsSchema),
  serversTransports: z.record(z.string(), serversTransportSchema),
});
export type Table = z.infer<typeof tableSchema>;

export const emptyTable = (): Table => ({
  entryPoints: {},
  routers: [],
  services: {},
  middlewares: {},
  endpoints: {},
  serversTransports: {},
});
