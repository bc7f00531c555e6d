import { isContentLength, isHopByHop } from "../../src/exchange/hop-by-hop.ts";
import { isForwardedHeader } from "../../src/hop/forwarded-headers.ts";

/** Ours alone, in any spelling: neither clients nor Pods send or see them. */
const isInternal = (lowerName: string): boolean => lowerName.startsWith("sluice-") || lowerName.startsWith("sluice_");

/** About a change to HTTP/2 on this connection, which has gone out of use (RFC 9113, section 3.1). HTTP/2 refuses it. */
const HTTP2_SETTINGS = "http2-settings";

/** Whether a header never goes on to the next hop, whatever else is said (its lower-case name). */
export const isDropped = (lowerName: string): boolean =>
  isHopByHop(lowerName) ||
  isInternal(lowerName) ||
  lowerName === HTTP2_SETTINGS ||
  (lowerName.includes("_") && isContentLength(lowerName));

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
