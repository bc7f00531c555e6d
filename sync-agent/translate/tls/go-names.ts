import type { TlsOptions } from "../../../src/table/tls.ts";

/** Go's names of versions, as TLSOptions write them. */
export const tlsVersions: ReadonlyMap<string, NonNullable<TlsOptions["minVersion"]>> = new Map([
  ["VersionTLS10", "TLSv1"],
  ["VersionTLS11", "TLSv1.1"],
  ["VersionTLS12", "TLSv1.2"],
  ["VersionTLS13", "TLSv1.3"],
]);

/** Go's names of curves (crypto/tls, CurveID), and their older forms, with OpenSSL's. */
export const tlsCurves: ReadonlyMap<string, string> = new Map([
  ["CurveP256", "P-256"],
  ["CurveP384", "P-384"],
  ["CurveP521", "P-521"],
  ["X25519", "X25519"],
  ["secp256r1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
  ["x25519", "X25519"],
]);

const bulk = {
  AES_128_CBC_SHA: "AES128-SHA",
  AES_256_CBC_SHA: "AES256-SHA",
  AES_128_CBC_SHA256: "AES128-SHA256",
  AES_128_GCM_SHA256: "AES128-GCM-SHA256",
  AES_256_GCM_SHA384: "AES256-GCM-SHA384",
  CHACHA20_POLY1305: "CHACHA20-POLY1305",
  CHACHA20_POLY1305_SHA256: "CHACHA20-POLY1305",
};
const exchanges = { RSA: "", ECDHE_RSA: "ECDHE-RSA-", ECDHE_ECDSA: "ECDHE-ECDSA-" };

/** Those that neither Go nor OpenSSL has. */
const absent = new Set(["RSA_AES_256_CBC_SHA256", "RSA_CHACHA20_POLY1305", "RSA_CHACHA20_POLY1305_SHA256"]);

/** IANA's names of cipher suites, which are Go's, with OpenSSL's. Those of TLS 1.3 are named alike. */
export const tlsCipherSuites: ReadonlyMap<string, string> = new Map([
  ...["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"].map(
    (name) => [name, name] as const,
  ),
  ...Object.entries(exchanges).flatMap(([exchange, prefix]) =>
    Object.entries(bulk).flatMap(([cipher, name]) =>
      absent.has(`${exchange}_${cipher}`) ? [] : [[`TLS_${exchange}_WITH_${cipher}`, `${prefix}${name}`] as const],
    ),
  ),
]);
