import * as z from "zod/mini";
import { ruleSchema } from "./rule.ts";

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
  /** Whether its requests are in the access log; left out: as the entry point says. */
  accessLogs: z.optional(z.boolean()),
});
export type Router = z.infer<typeof routerSchema>;
