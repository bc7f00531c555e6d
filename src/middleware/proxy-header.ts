import type { Exchange } from "../exchange/exchange.ts";

/**
 * A header in which a proxy tells of the client's side of the connection. Null when it is absent, and when an
 * untrusted client sent it: then it could say anything.
 */
export function proxyHeader({ client, headers }: Exchange, name: string): string | null {
  return client.trusted || headers.assigned.includes(name.toLowerCase()) ? headers.get(name) : null;
}
