import type { Exchange } from "../exchange/exchange.ts";

/** Sets a header of the request; Host is not a header of it but the name that the origin is asked by. */
export function setRequestHeader(exchange: Exchange, name: string, value: string): void {
  if (name.toLowerCase() === "host") exchange.host = value;
  else exchange.headers.set(name, value);
}
