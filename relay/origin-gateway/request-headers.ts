import { computeForwardedHeaders } from "../../src/hop/forwarded-headers.ts";
import { type Hop, MIRROR_HEADER } from "../../src/hop/hop.ts";
import type { ClientExchange } from "./client-exchange.ts";
import { createHopFilter } from "./hop-by-hop.ts";

/**
 * The headers that a Pod gets, name and value in turn, each line as the client sent it: without those of this
 * connection and our own, with Host and X-Forwarded-* as the edge's hop says.
 *
 * @param host what the Pod is asked by
 */
export function requestHeaders(
  { headers: received, rawHeaders }: Pick<ClientExchange, "headers" | "rawHeaders">,
  hop: Hop,
  host: string,
): string[] {
  const passes = createHopFilter(received.connection);
  const forwarded = computeForwardedHeaders(
    {
      trusted: hop.trusted,
      assigned: hop.assigned,
      scheme: hop.scheme,
      host: hop.host,
      port: hop.port,
      clientAddress: hop.clientAddress,
      webSocket: received.upgrade?.toLowerCase() === "websocket",
    },
    Object.keys(received),
    (name) => joined(received[name]),
  );
  const replaced = new Set(["host", ...forwarded.remove, ...forwarded.set.map(([name]) => name)]);

  const headers = ["host", host];
  let hasCookie = false;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lowerName = name.toLowerCase();
    if (!passes(lowerName) || replaced.has(lowerName)) continue;
    // HTTP/2 may split it (RFC 9113, section 8.2.3); a Pod that speaks HTTP/1.1 reads one line.
    if (lowerName === "cookie" && hasCookie) continue;
    const isCookie = lowerName === "cookie";
    hasCookie ||= isCookie;
    headers.push(name, isCookie ? (received.cookie ?? "") : (rawHeaders[i + 1] as string));
  }
  for (const [name, value] of forwarded.set) headers.push(name, value);
  // Trailers are the one thing of TE that concerns the Pod and not the connection.
  if (/\btrailers\b/i.test(joined(received.te) ?? "")) headers.push("te", "trailers");
  if (hop.mirror) headers.push(MIRROR_HEADER, "true");
  return headers;
}

const joined = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(", ") : value;
