export interface NormalisedPath {
  /** The escaped path to send on: unreserved characters decoded, `%xx` in upper case, dot segments resolved. */
  path: string;
  /** The path that rules compare: see `decodeRoutingPath`. */
  routingPath: string;
}

/** Anything that may need work: an escape, an empty or dot segment, a character that a path must escape. */
const NEEDS_WORK = /\/[/.]|[^A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]/;
/** What RFC 3986 (section 3.3) lets stand in a path, with the brackets that Go also lets stand. */
const UNESCAPABLE = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/[\]%]+/g;
const MALFORMED_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
const RESERVED_OR_PERCENT = /[:/?#[\]@!$&'()*+,;=%]/;

/**
 * The two forms of a request's path, or undefined when it is malformed (the answer is 400): a bare `%`, a `#`, or
 * a path that does not begin with `/`. Without `sanitize`, `//` and dot segments stay as they are.
 *
 * Source: Traefik's request path normalisation and `sanitizePath`
 * (https://doc.traefik.io/traefik/security/request-path/); RFC 3986, sections 2.3 and 6.2.2.
 */
export function normalisePath(raw: string, { sanitize = true } = {}): NormalisedPath | undefined {
  if (!raw.startsWith("/")) return undefined;
  if (!NEEDS_WORK.test(raw)) return { path: raw, routingPath: raw };
  if (raw.includes("#") || MALFORMED_ESCAPE.test(raw) || !raw.isWellFormed()) return undefined;
  const escaped = raw
    .replace(/%[0-9A-Fa-f]{2}/g, (triplet) => {
      const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
      return UNRESERVED.test(character) ? character : triplet.toUpperCase();
    })
    .replace(UNESCAPABLE, encodeURIComponent);
  const path = sanitize ? resolveSegments(escaped) : escaped;
  return { path, routingPath: decodeRoutingPath(path) };
}

/** Drops empty and `.` segments and resolves `..`; a slash at the end stays, as in Go's `URL.JoinPath`. */
function resolveSegments(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const joined = `/${kept.join("/")}`;
  return path.endsWith("/") && joined !== "/" ? `${joined}/` : joined;
}

/**
 * Decodes every `%XX` of an escaped path except the reserved characters of RFC 3986 (section 2.2) and `%25`,
 * whose escapes are written in upper case. Bytes that are not UTF-8 stay escaped, and so does a bare `%`.
 */
export function decodeRoutingPath(escaped: string): string {
  if (!escaped.includes("%")) return escaped;
  return escaped.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodeRun);
}

/** Decodes a run of escapes, character by character of UTF-8. */
function decodeRun(run: string): string {
  let decoded = "";
  for (let at = 0; at < run.length; ) {
    const length = characterLength(Number.parseInt(run.slice(at + 1, at + 3), 16)) * 3;
    const triplets = run.slice(at, at + length);
    const character = decodeOrUndefined(triplets);
    if (character === undefined) {
      decoded += run.slice(at, at + 3).toUpperCase();
      at += 3;
    } else {
      decoded += RESERVED_OR_PERCENT.test(character) ? triplets.toUpperCase() : character;
      at += length;
    }
  }
  return decoded;
}

/** Bytes in the UTF-8 character that begins with `byte`; 1 where none does. */
function characterLength(byte: number): number {
  if (byte < 0xc0) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function decodeOrUndefined(triplets: string): string | undefined {
  try {
    return decodeURIComponent(triplets);
  } catch {
    return undefined;
  }
}

/** `/a` of `/a/` and `/a//`; the root becomes empty. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}
