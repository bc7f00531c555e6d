import * as z from "zod/mini";

/** The options of routers that name none. */
export const DEFAULT_TLS_OPTIONS = "default";

/** Traefik's TLSOption, with its names; the relay's own listeners follow it. */
export const tlsOptionsSchema = z.strictObject({
  minVersion: z.optional(z.enum(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])),
  maxVersion: z.optional(z.enum(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])),
  /** OpenSSL's names. */
  cipherSuites: z.optional(z.array(z.string())),
  curvePreferences: z.optional(z.array(z.string())),
  alpnProtocols: z.optional(z.array(z.string())),
  /** Refuses names for which there is no certificate, instead of showing the default one. */
  sniStrict: z.optional(z.boolean()),
  clientAuth: z.optional(
    z.strictObject({
      mode: z.enum(["request", "require", "verifyIfGiven", "requireAndVerify"]),
      /** PEM certificates of the authorities that clients' certificates come from. */
      authorities: z.array(z.string()),
    }),
  ),
  /** Set when they could not be read whole: handshakes by them are refused. */
  closedBy: z.optional(z.string()),
});
export type TlsOptions = z.infer<typeof tlsOptionsSchema>;

/** A certificate of the relay's own listeners. Its key travels on the feed only. */
export const certificateSchema = z.strictObject({
  /** PEM, the leaf first. */
  certificate: z.string(),
  key: z.string(),
  /** Shown to whoever asks for a name that no other certificate has. */
  isDefault: z.optional(z.boolean()),
  /** Set when it could not be read whole: handshakes for its names are refused, and it has no key. */
  closedBy: z.optional(z.string()),
});
export type Certificate = z.infer<typeof certificateSchema>;
