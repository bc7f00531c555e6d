import * as z from "zod/mini";
import { entryPointSchema, relayEntryPointSchema } from "./entry-point.ts";
import { middlewareSchema } from "./middleware.ts";
import { routerSchema } from "./router.ts";
import { endpointsSchema, serversTransportSchema, serviceSchema } from "./service.ts";
import { tcpMiddlewareSchema, tcpRouterSchema, tcpServiceSchema, udpRouterSchema, udpServiceSchema } from "./tcp.ts";
import { certificateSchema, tlsOptionsSchema } from "./tls.ts";

/** Everything that the three programs share about what is routed where. Knows nothing of Kubernetes or Cloudflare. */
export const tableSchema = z.strictObject({
  entryPoints: z.record(z.string(), entryPointSchema),
  routers: z.array(routerSchema),
  services: z.record(z.string(), serviceSchema),
  middlewares: z.record(z.string(), middlewareSchema),
  endpoints: z.record(z.string(), endpointsSchema),
  serversTransports: z.record(z.string(), serversTransportSchema),
  /** From here on for the relay alone: nothing of it goes to KV. */
  relayEntryPoints: z.record(z.string(), relayEntryPointSchema),
  /** As `endpoints`, of the services of TCP and UDP. */
  relayEndpoints: z.record(z.string(), endpointsSchema),
  tcpRouters: z.array(tcpRouterSchema),
  tcpServices: z.record(z.string(), tcpServiceSchema),
  tcpMiddlewares: z.record(z.string(), tcpMiddlewareSchema),
  udpRouters: z.array(udpRouterSchema),
  udpServices: z.record(z.string(), udpServiceSchema),
  tlsOptions: z.record(z.string(), tlsOptionsSchema),
  /** By the name of the Secret that each comes from. */
  certificates: z.record(z.string(), certificateSchema),
});
export type Table = z.infer<typeof tableSchema>;
