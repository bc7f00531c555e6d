import * as z from "zod";
import { ignorable, whole } from "../read-object.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/ */
export const ingressRouteSchema = z.object({
  ingressClassName: z.string().optional(),
  // One name less could mean every entry point.
  entryPoints: whole(z.array(z.string())).optional(),
  routes: z.array(z.unknown()),
  tls: z
    .object({
      secretName: z.string().optional(),
      options: z.object({ name: z.string(), namespace: z.string().optional() }).optional(),
      store: z.unknown().optional(),
      certResolver: z.unknown().optional(),
      domains: z.unknown().optional(),
    })
    .optional(),
  // Without its parents a route would be served, unguarded by them.
  parentRefs: whole(z.array(z.object({ name: z.string(), namespace: z.string().optional() }))).optional(),
});
export type IngressRouteSpec = z.output<typeof ingressRouteSchema>;

export const routeSchema = z.object({
  match: z.string(),
  kind: z.enum(["Rule"]).optional(),
  priority: z.int().optional(),
  syntax: z.string().optional(),
  services: z.array(z.unknown()).optional(),
  /** Read where they are used: a guard that cannot be read must close its route, not vanish with it. */
  middlewares: z.unknown().optional(),
  // Whether a route is logged is not worth losing it for.
  observability: ignorable(
    z.object({
      accessLogs: ignorable(z.boolean()),
      metrics: ignorable(z.boolean()),
      tracing: ignorable(z.boolean()),
      traceVerbosity: ignorable(z.string()),
    }),
  ),
});
export type RouteSpec = z.output<typeof routeSchema>;
