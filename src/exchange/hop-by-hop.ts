/** Headers that belong to one connection (RFC 9110, section 7.6.1), and the framing, which each side makes itself. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Whether a header never goes on to the next hop. `transfer_encoding` is one as well: a server that takes `_` for `-`, as
 * CGI does, would find another end of the message.
 */
export const isHopByHop = (lowerName: string): boolean => HOP_BY_HOP.has(dashed(lowerName));

/** Whether a header tells how long the body is, to a server that reads names as CGI does. */
export const isContentLength = (lowerName: string): boolean => dashed(lowerName) === "content-length";

const dashed = (lowerName: string): string => (lowerName.includes("_") ? lowerName.replaceAll("_", "-") : lowerName);
