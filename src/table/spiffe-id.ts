/** Who a workload is: `spiffe://<trust domain><path>`. */
export interface SpiffeId {
  trustDomain: string;
  /** Begins with a slash; empty for the trust domain itself. */
  path: string;
}

const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
const SEGMENT = /^[a-zA-Z0-9._-]+$/;
/** SPIFFE-ID, section 2.3. */
const MAX_LENGTH = 2048;

/**
 * Reads a SPIFFE ID; undefined for what is none (https://spiffe.io/docs/latest/spiffe-specs/spiffe-id/, section 2). IDs
 * are compared as they are written: trust domains are in lower case, and nothing is percent-encoded.
 */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  const [, trustDomain = "", path = ""] = /^spiffe:\/\/([^/]*)(\/.*)?$/s.exec(text) ?? [];
  if (text.length > MAX_LENGTH || !TRUST_DOMAIN.test(trustDomain)) return undefined;
  const segments = path.split("/").slice(1);
  const arePlain = segments.every((segment) => SEGMENT.test(segment) && segment !== "." && segment !== "..");
  return arePlain ? { trustDomain, path } : undefined;
}

/** The name of a trust domain, given as such or by an ID in it, as go-spiffe reads it; undefined for what is none. */
export function parseTrustDomain(text: string): string | undefined {
  if (text.includes(":/")) return parseSpiffeId(text)?.trustDomain;
  return TRUST_DOMAIN.test(text) ? text : undefined;
}
