import * as z from "zod/mini";
import { ruleSchema } from "./rule.ts";

/** A router below another, which stands on entry points and ends TLS for it. */
export const childRouterSchema = z.strictObject({
  /** Traefik's name for it, with its provider: `default-app-1a2b…@kubernetescrd`. */
  name: z.string(),
  rule: ruleSchema,
  /** The rule as its author wrote it, for people. */
  ruleText: z.string(),
  /** Higher wins. */
  priority: z.number(),
  /** Decides between equal priorities: the smaller string wins. Unique in its list. */
  tieBreaker: z.string(),
  middlewares: z.array(z.string()),
  service: z.string(),
  /**
   * Set when a middleware or another guard of the route could not be built: the code of the problem. Such a
   * router still matches, and answers 503: it is never served unguarded, nor by a lower router.
   */
  closedBy: z.optional(z.string()),
});
export type ChildRouter = z.infer<typeof childRouterSchema>;

/** A router that requests come to; its name is unique in the table. */
export const routerSchema = z.extend(childRouterSchema, {
  entryPoints: z.array(z.string()),
  /** TLS and plain routers are apart: a request over TLS sees only routers with `tls`. */
  tls: z.boolean(),
  /** Whether its requests are in the access log; left out: as the entry point says. */
  accessLogs: z.optional(z.boolean()),
});
export type Router = z.infer<typeof routerSchema>;
