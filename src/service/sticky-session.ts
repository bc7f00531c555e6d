import type { Exchange } from "../exchange/exchange.ts";
import type { StickyCookie, Weighted } from "../table/service.ts";
import { readCookie } from "./read-cookie.ts";

/** The child that a client's cookie names. */
interface StuckTo {
  child: number;
  /** Whether the cookie holds an older form of the value, to be rewritten. */
  legacy: boolean;
}

/** A weighted service's cookie: reads who a client belongs to, and what to tell it when that changes. */
export interface StickySession {
  find(exchange: Exchange): StuckTo | undefined;
  /** The Set-Cookie value for each child. */
  readonly setCookies: readonly string[];
}

export function createStickySession(cookie: StickyCookie, children: Weighted["children"]): StickySession {
  const values = children.map((child) => child.cookieValue ?? child.service);
  const byValue = new Map<string, StuckTo>();
  children.forEach(({ legacyCookieValues = [] }, child) => {
    for (const value of legacyCookieValues) byValue.set(value, { child, legacy: true });
  });
  values.forEach((value, child) => {
    byValue.set(value, { child, legacy: false });
  });
  const attributes = cookieAttributes(cookie);

  return {
    find(exchange) {
      const value = readCookie(exchange.headers.get("cookie"), cookie.name);
      return value === undefined ? undefined : byValue.get(value);
    },
    setCookies: values.map((value) => `${cookie.name}=${value}${attributes}`),
  };
}

const sameSites = { none: "None", lax: "Lax", strict: "Strict" };

/** RFC 6265, section 4.1.1. A negative age makes the client forget the cookie at once, as in Traefik. */
function cookieAttributes({ path, domain, maxAge, httpOnly, secure, sameSite }: StickyCookie): string {
  return [
    path === "" ? "" : `; Path=${path}`,
    domain === undefined || domain === "" ? "" : `; Domain=${domain}`,
    maxAge === 0 ? "" : `; Max-Age=${Math.max(maxAge, 0)}`,
    httpOnly ? "; HttpOnly" : "",
    secure ? "; Secure" : "",
    sameSite === undefined ? "" : `; SameSite=${sameSites[sameSite]}`,
  ].join("");
}
