import { createHash } from "node:crypto";
import { cookieAttributes } from "../../src/cookie/cookie-attributes.ts";
import { readCookie } from "../../src/cookie/read-cookie.ts";
import type { Endpoint, LoadBalancer } from "../../src/table/service.ts";
import { authorityOf, type Target } from "./order-endpoints.ts";

/** Values by server URL: hashing one costs more than the rest of the choice. */
const values = new Map<string, string>();
const MAX_VALUES = 10_000;

/** Traefik's value for a server: the first 16 hex digits of the SHA-256 of its URL. */
function cookieValue(url: string): string {
  let value = values.get(url);
  if (value === undefined) {
    value = createHash("sha256").update(url).digest("hex").slice(0, 16);
    if (values.size >= MAX_VALUES) values.clear();
    values.set(url, value);
  }
  return value;
}

const urlOf = (scheme: LoadBalancer["scheme"], target: Target): string => `${scheme}://${authorityOf(target)}`;

/**
 * The endpoint that a client's cookie names, by Traefik's value or by the plain URL that older versions wrote. A
 * terminating endpoint keeps the sessions it has.
 *
 * @returns undefined when the service is not sticky, and when the cookie names nobody who is there
 */
export function findStuckTo(
  { sticky, scheme }: LoadBalancer,
  endpoints: readonly Endpoint[],
  cookieHeader: string | undefined,
): { endpoint: Endpoint; legacy: boolean } | undefined {
  if (sticky === undefined || cookieHeader === undefined) return undefined;
  const value = readCookie(cookieHeader, sticky.name);
  if (value === undefined) return undefined;
  for (const endpoint of endpoints) {
    const url = urlOf(scheme, endpoint);
    if (value === cookieValue(url)) return { endpoint, legacy: false };
    if (value === url) return { endpoint, legacy: true };
  }
  return undefined;
}

/** The Set-Cookie value that sticks a client to a target; undefined when the service is not sticky. */
export function stickyCookieFor({ sticky, scheme }: LoadBalancer, target: Target): string | undefined {
  if (sticky === undefined) return undefined;
  return `${sticky.name}=${cookieValue(urlOf(scheme, target))}${cookieAttributes(sticky)}`;
}
