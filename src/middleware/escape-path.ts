const UNRESERVED = /[A-Za-z0-9\-._~]/;
/** What neither stands in a path as it is (RFC 3986, section 3.3, and the brackets that Go lets stand) nor is a `%`. */
const UNESCAPABLE = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/[\]%]+/g;
const NEEDS_WORK = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]/;

/**
 * A path as middlewares compare and produce it, which is also the form of `Exchange.path`: escaped, unreserved
 * characters decoded, `%XX` in upper case (RFC 3986, section 6.2.2).
 *
 * Options are written in either form: `/a b` and `/a%20b` are one prefix, and `%2F` stays apart from `/`. So a
 * literal is brought into this form once, when it is compiled, and a request's path is never decoded to compare
 * it. A `%` that begins no escape stands for itself; `?` and `#` are part of the path and never end it.
 */
export function escapePath(text: string): string {
  if (!NEEDS_WORK.test(text)) return text;
  return text
    .toWellFormed()
    .replace(/%(?:[0-9A-Fa-f]{2})?/g, (triplet) => {
      if (triplet === "%") return "%25";
      const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
      return UNRESERVED.test(character) ? character : triplet.toUpperCase();
    })
    .replace(UNESCAPABLE, encodeURIComponent);
}

/** A path that begins with `/`, whatever was cut off or put before it. */
export const withLeadingSlash = (path: string): string => (path.startsWith("/") ? path : `/${path}`);

/** Whether a path has a `.` or `..` segment, which an origin may resolve to somewhere else than where rules looked. */
export const hasDotSegment = (path: string): boolean => /\/\.{1,2}(?:\/|$)/.test(path);

/** Whether a path has neither dot segments nor empty ones; a slash at its end is no empty segment. */
export const isCleanPath = (path: string): boolean => !path.includes("//") && !hasDotSegment(path);
