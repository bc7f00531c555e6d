import type { Exchange } from "../exchange/exchange.ts";

/** Sets a request header. Host is no header of an exchange: it is the name that the origin is asked by. */
export function setRequestHeader(exchange: Exchange, name: string, value: string): void {
  if (name.toLowerCase() === "host") exchange.host = value;
  else exchange.headers.set(name, value);
}

/** Adds a line to a request header; of Host there is one. */
export function appendRequestHeader(exchange: Exchange, name: string, value: string): void {
  if (name.toLowerCase() === "host") exchange.host = value;
  else exchange.headers.append(name, value);
}
