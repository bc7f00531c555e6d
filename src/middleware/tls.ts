import type { Exchange } from "../exchange/exchange.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkHeader } from "./check-header.ts";
import { proxyHeader } from "./proxy-header.ts";

/** Compiles `sslProxyHeaders` to a test whether a client's connection is encrypted: to us, or to a proxy in front. */
export function compileTls({ sslProxyHeaders = {} }: MiddlewareOptions<"headers">): (exchange: Exchange) => boolean {
  const entries = Object.entries(sslProxyHeaders);
  for (const [name, value] of entries) checkHeader(name, value);
  return (exchange) =>
    exchange.scheme === "https" || entries.some(([name, value]) => proxyHeader(exchange, name) === value);
}
