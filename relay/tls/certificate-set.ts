import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Certificate } from "../../src/table/tls.ts";

/** The certificates of the relay's own listeners, found by the name that a client asks for. */
export interface CertificateSet {
  /** @returns undefined when no certificate has the name; `closed` where that one could not be read whole */
  find(sni: string): Certificate | "closed" | undefined;
  /** Shown where no certificate has the name, or the client asks for none. */
  readonly standard: Certificate | undefined;
  /** Those that could not be used, by their name in the table, with the reason. */
  readonly broken: ReadonlyMap<string, string>;
}

/** Read once, for as long as any table has the certificate: tables change far more often. */
const known = new WeakMap<Certificate, { names: string[] } | { error: string }>();

/** @param fallback the default where the table names none that can be used */
export function createCertificateSet(
  certificates: Readonly<Record<string, Certificate>>,
  fallback?: Certificate,
): CertificateSet {
  const byName = new Map<string, Certificate | "closed">();
  const broken = new Map<string, string>();
  let standard = fallback;
  for (const [name, certificate] of Object.entries(certificates)) {
    const loaded = load(certificate);
    if ("error" in loaded) {
      broken.set(name, loaded.error);
      continue;
    }
    const isClosed = certificate.closedBy !== undefined;
    if (certificate.isDefault) standard = isClosed ? undefined : certificate;
    for (const host of loaded.names) if (!byName.has(host)) byName.set(host, isClosed ? "closed" : certificate);
  }
  return { broken, standard, find: (sni) => byName.get(sni) ?? byName.get(sni.replace(/^[^.]+/, "*")) };
}

function load(certificate: Certificate): { names: string[] } | { error: string } {
  let loaded = known.get(certificate);
  if (loaded === undefined) {
    loaded = read(certificate);
    known.set(certificate, loaded);
  }
  return loaded;
}

function read({ certificate, key, closedBy }: Certificate): { names: string[] } | { error: string } {
  try {
    if (closedBy === undefined) createSecureContext({ cert: certificate, key });
    return { names: namesOf(new X509Certificate(certificate)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** The DNS names of a certificate, or its common name where it has none (RFC 6125, section 6.4.4). */
function namesOf({ subjectAltName = "", subject = "" }: X509Certificate): string[] {
  const names = [...subjectAltName.matchAll(/(?:^|, )DNS:([^,]+)/g)].map(([, name = ""]) => name);
  const common = /(?:^|\n)CN=(.+)/.exec(subject)?.[1];
  return (names.length > 0 || common === undefined ? names : [common]).map((name) => name.toLowerCase());
}
