import type { StickyCookie } from "../table/service.ts";

const sameSites = { none: "None", lax: "Lax", strict: "Strict" };

/**
 * What follows a sticky cookie's value in Set-Cookie (RFC 6265, section 4.1.1). A negative age makes the client forget
 * the cookie at once, as in Traefik.
 */
export function cookieAttributes({ path, domain, maxAge, httpOnly, secure, sameSite }: StickyCookie): string {
  return [
    path === "" ? "" : `; Path=${path}`,
    domain === undefined || domain === "" ? "" : `; Domain=${domain}`,
    maxAge === 0 ? "" : `; Max-Age=${Math.max(maxAge, 0)}`,
    httpOnly ? "; HttpOnly" : "",
    secure ? "; Secure" : "",
    sameSite === undefined ? "" : `; SameSite=${sameSites[sameSite]}`,
  ].join("");
}
