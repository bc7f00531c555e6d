import type { Exchange } from "../exchange/exchange.ts";

/** Whether the client's connection is encrypted, also where a trusted proxy in front says so by a header. */
export function isTls(exchange: Exchange, proxyHeaders: Readonly<Record<string, string>> = {}): boolean {
  if (exchange.scheme === "https") return true;
  return (
    exchange.client.trusted &&
    Object.entries(proxyHeaders).some(([name, value]) => exchange.headers.get(name) === value)
  );
}
