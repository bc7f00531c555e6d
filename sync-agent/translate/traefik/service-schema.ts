import * as z from "zod";
import { ignorable } from "../read-object.ts";
import { stickySchema } from "../sticky-cookie.ts";
import { healthCheckSchema, passiveHealthCheckSchema } from "./service-health-check.ts";

/**
 * A reference to a Service or TraefikService, with its options
 * (https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/).
 */
export const serviceSchema = z.object({
  name: z.string().regex(/^[^\p{Cc}\s/]+$/u, "is not a name"),
  kind: z.enum(["Service", "TraefikService"]).optional(),
  namespace: z.string().optional(),
  port: z.union([z.int(), z.string()]).optional(),
  weight: z.int().min(0, "must not be negative").optional(),
  scheme: z.enum(["http", "https", "h2c"]).optional(),
  strategy: ignorable(z.string()),
  passHostHeader: z.boolean().optional(),
  responseForwarding: ignorable(z.object({ flushInterval: z.union([z.string(), z.int()]).optional() })),
  serversTransport: z.string().optional(),
  sticky: ignorable(stickySchema),
  nativeLB: ignorable(z.boolean()),
  nodePortLB: ignorable(z.boolean()),
  healthCheck: ignorable(healthCheckSchema),
  passiveHealthCheck: ignorable(passiveHealthCheckSchema),
  /** Read where they are used: a guard that cannot be read must close its service, not vanish. */
  middlewares: z.unknown().optional(),
});
export type ServiceOptions = z.output<typeof serviceSchema>;
