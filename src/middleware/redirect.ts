/** A redirect's text is its reason phrase (RFC 9110, section 15.4). */
const reasons: Readonly<Record<number, string>> = {
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
};

export const isRedirectStatus = (status: number): boolean => Object.hasOwn(reasons, status);

/**
 * Traefik's choice of status: 301 and 302 let clients turn a POST into a GET, so every method but GET gets 308 and
 * 307 (RFC 9110, section 15.4).
 */
export function redirectStatus(method: string, permanent: boolean): number {
  if (method === "GET") return permanent ? 301 : 302;
  return permanent ? 308 : 307;
}

/** What cannot stand in a URI (RFC 3986, section 2), line ends first of all; a client may read `\` as `/`. */
const NOT_IN_LOCATION = /[^\x21-\x7e]|["<>\\^`{|}]/gu;

/** Sends the client to `location`; what cannot stand in a URI is escaped. */
export function redirectTo(location: string, status: number): Response {
  const safe = location.toWellFormed().replace(NOT_IN_LOCATION, encodeURIComponent);
  return new Response(reasons[status] ?? "", {
    status,
    headers: { Location: safe, "Content-Type": "text/plain; charset=utf-8" },
  });
}
