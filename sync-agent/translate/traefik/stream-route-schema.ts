import * as z from "zod";
import { ignorable, whole } from "../read-object.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/tcp/ingressroutetcp/ */
export const ingressRouteTcpSchema = z.object({
  ingressClassName: z.string().optional(),
  // One name less could mean every entry point.
  entryPoints: whole(z.array(z.string())).optional(),
  routes: z.array(z.unknown()),
  tls: z
    .object({
      secretName: z.string().optional(),
      passthrough: z.boolean().optional(),
      options: z.object({ name: z.string(), namespace: z.string().optional() }).optional(),
      store: z.object({ name: z.string(), namespace: z.string().optional() }).optional(),
      certResolver: z.unknown().optional(),
      domains: z.unknown().optional(),
    })
    .optional(),
});
export type IngressRouteTcpSpec = z.output<typeof ingressRouteTcpSchema>;

export const tcpRouteSchema = z.object({
  match: z.string(),
  priority: z.int().optional(),
  syntax: z.string().optional(),
  services: z.array(z.unknown()).optional(),
  /** Read where they are used: a guard that cannot be read must close its route, not vanish with it. */
  middlewares: z.unknown().optional(),
});
export type TcpRouteSpec = z.output<typeof tcpRouteSchema>;

/** What references of TCP and UDP have in common. */
const streamService = {
  name: z.string().regex(/^[^\p{Cc}\s/]+$/u, "is not a name"),
  namespace: z.string().optional(),
  port: z.union([z.int(), z.string()]).optional(),
  weight: z.int().min(0, "must not be negative").optional(),
  nativeLB: ignorable(z.boolean()),
  nodePortLB: ignorable(z.boolean()),
};

export const tcpServiceSchema = z.object({
  ...streamService,
  /** Milliseconds; a negative number is without end. Deprecated: it belongs to a ServersTransportTCP. */
  terminationDelay: z.int().optional(),
  proxyProtocol: z.object({ version: z.union([z.literal(1), z.literal(2)]).optional() }).optional(),
  serversTransport: z.string().optional(),
  tls: z.boolean().optional(),
});
export type TcpServiceOptions = z.output<typeof tcpServiceSchema>;

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/udp/ingressrouteudp/ */
export const ingressRouteUdpSchema = z.object({
  ingressClassName: z.string().optional(),
  entryPoints: whole(z.array(z.string())).optional(),
  routes: z.array(z.unknown()),
});

export const udpRouteSchema = z.object({ services: z.array(z.unknown()).optional() });

export const udpServiceSchema = z.object(streamService);
export type UdpServiceOptions = z.output<typeof udpServiceSchema>;
