/** The parts of a request's URL, byte for byte as the client sent them. */
export interface Target {
  scheme: "http" | "https";
  /** Host header: name and, when the client wrote one, port. */
  authority: string;
  /** The escaped path, not normalised; begins with `/`. */
  path: string;
  /** The query with its `?`, or empty. */
  query: string;
}

/**
 * Splits `request.url`. The runtime hands the target out unchanged (no dot segments resolved, no percent-encoding
 * touched), and splitting it by hand costs a tenth of `new URL`, which would also normalise it.
 */
export function parseTarget(url: string): Target {
  const scheme = url.startsWith("https:") ? "https" : "http";
  const authorityStart = scheme.length + 3;
  const queryStart = indexOrEnd(url, "?", authorityStart);
  const pathStart = Math.min(indexOrEnd(url, "/", authorityStart), queryStart);
  return {
    scheme,
    authority: url.slice(authorityStart, pathStart),
    path: url.slice(pathStart, queryStart) || "/",
    query: url.slice(queryStart),
  };
}

function indexOrEnd(text: string, character: string, from: number): number {
  const index = text.indexOf(character, from);
  return index === -1 ? text.length : index;
}

/** The port of an authority, or the scheme's well-known one (RFC 9110, section 4.2). */
export function portOf(authority: string, scheme: "http" | "https"): number {
  // Nearly no client writes one.
  const port = authority.includes(":") ? /:(\d{1,5})$/.exec(authority)?.[1] : undefined;
  return port === undefined ? (scheme === "https" ? 443 : 80) : Number(port);
}
