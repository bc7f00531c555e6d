/**
 * A redirect's status: 301 and 302 let clients turn a POST into a GET, so every other method gets 308 and 307
 * (RFC 9110, section 15.4).
 */
export function redirectStatus(method: string, permanent: boolean): number {
  if (method === "GET") return permanent ? 301 : 302;
  return permanent ? 308 : 307;
}

/** What would end the header, or be read as another (RFC 9110, section 5.5), and what is no part of a URL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const NOT_IN_LOCATION = /[\u0000-\u0020\u007f"<>\\^`{|}]|[^\u0000-\u007f]/gu;

/** An answer that sends the client to `location`; what may not stand in a URL is escaped. */
export function redirectTo(location: string, status: number): Response {
  const safe = location.toWellFormed().replace(NOT_IN_LOCATION, encodeURIComponent);
  const text = status === 301 ? "Moved Permanently" : status === 308 ? "Permanent Redirect" : "Found";
  return new Response(status === 307 ? "Temporary Redirect" : text, { status, headers: { Location: safe } });
}
