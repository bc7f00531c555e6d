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
const isInternal = (lowerName: string): boolean => lowerName.startsWith("sluice-") || lowerName.startsWith("sluice_");

/** The header names that a Connection header lists, in lower case. */
const listedIn = (connection: string | undefined): Set<string> | undefined =>
  connection === undefined ? undefined : new Set(connection.split(",").map((name) => name.trim().toLowerCase()));

/**
 * Decides which headers of a message go on to the next hop.
 *
 * @param connection the message's Connection header
 * @returns a test of a header's lower-case name
 */
export function createHopFilter(connection: string | undefined): (lowerName: string) => boolean {
  const listed = listedIn(connection);
  return (lowerName) => !HOP_BY_HOP.has(lowerName) && !isInternal(lowerName) && listed?.has(lowerName) !== true;
}
