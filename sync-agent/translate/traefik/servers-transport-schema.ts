import * as z from "zod";
import { whole } from "../read-object.ts";
import { tlsCipherSuites, tlsVersions } from "../tls/go-names.ts";
import { peerNameFields } from "./peer-names.ts";
import { spiffeField } from "./spiffe.ts";

const versions = [...tlsVersions.keys()];
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
  minVersion: z.enum(versions).optional(),
  maxVersion: z.enum(versions).optional(),
  // One more or one less is not what was asked for.
  cipherSuites: whole(z.array(z.string().refine((name) => tlsCipherSuites.has(name), "is no cipher suite"))).optional(),
  ...peerNameFields,
  spiffe: spiffeField,
});
export type ServersTransportSpec = z.output<typeof serversTransportSchema>;
