import { isForwardedHeader } from "../../src/hop/forwarded-headers.ts";

/** Headers that belong to one connection (RFC 9110, section 7.6.1), and the framing, which each side makes itself. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Ours alone: neither clients nor Pods send or see them. */
const isInternal = (name: string): boolean => name.startsWith("sluice-");

/**
 * Whether a name is one of those above to a Pod that takes `_` for `-`, as CGI does, or that of the body's length: such
 * a Pod would find another end of the request.
 */
const isLookalike = (lowerName: string): boolean => {
  if (!lowerName.includes("_")) return false;
  const name = lowerName.replaceAll("_", "-");
  return HOP_BY_HOP.has(name) || isInternal(name) || name === "content-length";
};

/** Whether a header never goes on to the next hop, whatever else is said (its lower-case name). */
export const isDropped = (lowerName: string): boolean =>
  HOP_BY_HOP.has(lowerName) || isInternal(lowerName) || isLookalike(lowerName);

/**
 * Decides which headers of a message go on to the next hop.
 *
 * @param connection the message's Connection header
 * @returns a test of a header's lower-case name
 */
export function createHopFilter(connection: string | undefined): (lowerName: string) => boolean {
  const listed = connection === undefined ? undefined : listedIn(connection);
  return (lowerName) => !isDropped(lowerName) && listed?.has(lowerName) !== true;
}

/**
 * The names in a Connection header, in lower case, but for those that only the edge sets: a client must not take them
 * off. Undefined when there are none beside what every connection says.
 */
function listedIn(connection: string): ReadonlySet<string> | undefined {
  if (/^\s*(?:keep-alive|close|upgrade)?\s*$/i.test(connection)) return undefined;
  const names = connection
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !isForwardedHeader(name));
  return new Set(names);
}

/** The header lines without those that a Connection header lists. */
export function withoutListed(lines: string[], connection: string | undefined): string[] {
  const listed = connection === undefined ? undefined : listedIn(connection);
  if (listed === undefined) return lines;
  return lines.filter((_, i) => !listed.has((lines[i - (i % 2)] ?? "").toLowerCase()));
}
