import { cookieAttributes } from "../cookie/cookie-attributes.ts";
import { readCookie } from "../cookie/read-cookie.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { StickyCookie, Weighted } from "../table/service.ts";

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
