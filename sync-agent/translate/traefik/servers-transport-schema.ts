import * as z from "zod";

const duration = z.union([z.string(), z.int()]);

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/serverstransport/ */
export const serversTransportSchema = z.object({
  serverName: z.string().optional(),
  insecureSkipVerify: z.boolean().optional(),
  rootCAs: z.array(z.object({ secret: z.string().optional(), configMap: z.string().optional() })).optional(),
  /** The older form of `rootCAs`. */
  rootCAsSecrets: z.array(z.string()).optional(),
  certificatesSecrets: z.array(z.string()).optional(),
  maxIdleConnsPerHost: z.int().optional(),
  disableHTTP2: z.boolean().optional(),
  forwardingTimeouts: z
    .object({
      dialTimeout: duration.optional(),
      responseHeaderTimeout: duration.optional(),
      idleConnTimeout: duration.optional(),
      readIdleTimeout: duration.optional(),
      pingTimeout: duration.optional(),
    })
    .optional(),
  minVersion: z.unknown().optional(),
  maxVersion: z.unknown().optional(),
  cipherSuites: z.unknown().optional(),
  peerCertURI: z.string().optional(),
  peerCertSANs: z.unknown().optional(),
  spiffe: z.unknown().optional(),
});
export type ServersTransportSpec = z.output<typeof serversTransportSchema>;
