import * as z from "zod";
import { backendRefSchema } from "./route-schema.ts";

/** https://gateway-api.sigs.k8s.io/reference/spec/#tcproutespec, and UDPRoute's, which is the same. */
export const streamRouteSchema = z.object({
  parentRefs: z.array(z.unknown()).default([]),
  rules: z.array(z.unknown()).default([]),
  useDefaultGateways: z.unknown().optional(),
});

/** https://gateway-api.sigs.k8s.io/reference/spec/#tlsroutespec */
export const tlsRouteSchema = streamRouteSchema.extend({ hostnames: z.array(z.unknown()).default([]) });
export type StreamRouteSpec = z.output<typeof streamRouteSchema> & { hostnames?: unknown[] };

export const streamRuleSchema = z.object({
  name: z.string().optional(),
  backendRefs: z.array(z.unknown()).default([]),
});

export const streamBackendSchema = backendRefSchema.omit({ filters: true });
