import { isForwardedHeader } from "../hop/forwarded-headers.ts";
import type { Exchange } from "./exchange.ts";

/** What Connection says of nearly every request, and what runtimes handle themselves. */
const USUAL = /^(keep-alive|close|upgrade)$/i;

/**
 * Leaves out the headers that Connection names: they are for this hop alone (RFC 9110, section 7.6.1). Done before the
 * middlewares, so that a client cannot name away a header that one of them sets. What a proxy says of a client in
 * X-Forwarded-* stays, as in Traefik: the client could name it away through a proxy that passes Connection on.
 */
export function dropConnectionHeaders({ headers, request }: Exchange): void {
  // A WebSocket begins with a GET (RFC 6455, section 4.1): the runtime would make one of whatever has been routed.
  if (request.method !== "GET") headers.delete("upgrade");
  const connection = headers.get("connection");
  if (connection === null || USUAL.test(connection)) return;
  for (const name of connection.split(",")) {
    const trimmed = name.trim();
    if (/^[!#$%&'*+.^`|~\w-]+$/.test(trimmed) && !USUAL.test(trimmed) && !isForwardedHeader(trimmed.toLowerCase()))
      headers.delete(trimmed);
  }
}
