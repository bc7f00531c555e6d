import * as z from "zod/mini";
import { accessLogSchema } from "./access-log.ts";

/** A named listener. In production the edge finds it by scheme and port; locally each has a socket. */
export const entryPointSchema = z.strictObject({
  /** The port that clients use. */
  port: z.number(),
  /** CIDR blocks whose X-Forwarded-* headers are believed; everyone's when `insecure`. */
  forwardedHeaders: z.optional(
    z.strictObject({ insecure: z.optional(z.boolean()), trustedIps: z.optional(z.array(z.string())) }),
  ),
  /** Whether a `;` in a query is a character like others: it is encoded before anything else sees it. */
  encodeQuerySemicolons: z.optional(z.boolean()),
  /** What becomes of headers whose names some Pods take for others' (`X_User` for `X-User`); left out: nothing. */
  aliasHeaders: z.optional(
    z.strictObject({ strategy: z.enum(["delete", "reject"]), characters: z.enum(["underscore", "all"]) }),
  ),
  /** Left out: nothing is logged. */
  accessLog: z.optional(accessLogSchema),
  /** Whether routers that do not say it themselves are logged: true when left out. */
  accessLogs: z.optional(z.boolean()),
  /** Set when it could not be read whole: nothing that comes in there is served. */
  closedBy: z.optional(z.string()),
});
export type EntryPoint = z.infer<typeof entryPointSchema>;

/** Where the relay listens for connections or datagrams, once a route of theirs is on it. Nothing of this goes to KV. */
export const relayEntryPointSchema = z.strictObject({
  protocol: z.enum(["tcp", "udp"]),
  /** Empty: every address of the machine. */
  host: z.string(),
  port: z.number(),
  /** TCP: CIDR blocks whose PROXY protocol headers are believed; everyone's when `insecure`. */
  proxyProtocol: z.optional(
    z.strictObject({ insecure: z.optional(z.boolean()), trustedIps: z.optional(z.array(z.string())) }),
  ),
  /** UDP: a session without a datagram for so long has ended; 3,000 when unset. */
  udpTimeoutMs: z.optional(z.number()),
  /** Milliseconds for which new connections are still taken once the relay is told to stop. */
  requestAcceptGraceMs: z.optional(z.number()),
  /** Milliseconds that open connections have after that; the relay's own setting when unset. */
  graceMs: z.optional(z.number()),
  /** Milliseconds for what a client sends first on a connection, and for all of a call; 0 or unset: the relay's own. */
  readTimeoutMs: z.optional(z.number()),
  /** Milliseconds from the beginning of a call to the end of its answer; 0 or unset: no limit. */
  writeTimeoutMs: z.optional(z.number()),
  /** Milliseconds that a connection for calls may have none; 0: no limit; the relay's own when unset. */
  idleTimeoutMs: z.optional(z.number()),
  /** Calls after which a connection is ended; 0 or unset: no limit. */
  keepAliveMaxRequests: z.optional(z.number()),
  /** Milliseconds after which a connection is ended with its next call; 0 or unset: no limit. */
  keepAliveMaxMs: z.optional(z.number()),
  /** Set when it could not be read whole: it is not listened at. */
  closedBy: z.optional(z.string()),
});
export type RelayEntryPoint = z.infer<typeof relayEntryPointSchema>;
