import type { Exchange } from "../exchange/exchange.ts";
import { isForwardedHeader } from "../hop/forwarded-headers.ts";

/** Sets a request header. Host is no header of an exchange: it is the name that the origin is asked by. */
export function setRequestHeader(exchange: Exchange, name: string, value: string): void {
  if (name.toLowerCase() === "host") exchange.host = value;
  else exchange.headers.set(name, value);
}

/** Adds a line to a request header. To what a client may not send nothing is added: it is replaced. */
export function appendRequestHeader(exchange: Exchange, name: string, value: string): void {
  if (name.toLowerCase() === "host" || isForged(exchange, name)) setRequestHeader(exchange, name, value);
  else exchange.headers.append(name, value);
}

function isForged({ client, headers }: Exchange, name: string): boolean {
  const lowerName = name.toLowerCase();
  return !client.trusted && isForwardedHeader(lowerName) && !headers.assigned.includes(lowerName);
}
