import type { Exchange } from "../exchange/exchange.ts";
import { isForwardedHeader } from "../hop/forwarded-headers.ts";

/** Whether a client that may not send it sent this header: then it is as if it had not come. */
export function isForged({ client, headers }: Exchange, name: string): boolean {
  if (client.trusted) return false;
  const lowerName = name.toLowerCase();
  return isForwardedHeader(lowerName) && !headers.assigned.includes(lowerName);
}

/** A request header, or null where it is absent or an untrusted client sent it about its own side (X-Forwarded-*). */
export function believedHeader(exchange: Exchange, name: string): string | null {
  return isForged(exchange, name) ? null : exchange.headers.get(name);
}

/** Adds a line to a request header; to what a client forged, nothing is added: it is replaced. */
export function appendRequestHeader(exchange: Exchange, name: string, value: string): void {
  if (isForged(exchange, name)) exchange.headers.set(name, value);
  else exchange.headers.append(name, value);
}
