import type { Exchange } from "../exchange/exchange.ts";

/**
 * Deletes a request header that only the edge may set, in every spelling that a service could take for it: CGI and its
 * descendants read `X_User` and `X-User` as one.
 */
export function dropHeader({ headers }: Pick<Exchange, "headers">, name: string): void {
  const lowerName = name.toLowerCase();
  headers.delete(lowerName);
  if (!/[-_]/.test(lowerName)) return;
  const plain = lowerName.replaceAll("_", "-");
  for (const other of [...headers.current.keys()]) {
    if (other.includes("_") && other.replaceAll("_", "-") === plain) headers.delete(other);
  }
}

/** Sets a request header that only the edge may set. */
export function setOwnHeader(exchange: Exchange, name: string, value: string): void {
  dropHeader(exchange, name);
  exchange.headers.set(name, value);
}
