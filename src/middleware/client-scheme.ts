import type { Exchange } from "../exchange/exchange.ts";
import { proxyHeader } from "./proxy-header.ts";

/**
 * The scheme that the client used: X-Forwarded-Proto where it is believed, else that of the entry point. The schemes
 * of WebSockets count as the HTTP that they begin with.
 */
export function clientScheme(exchange: Exchange): "http" | "https" {
  switch (proxyHeader(exchange, "x-forwarded-proto")?.toLowerCase()) {
    case "https":
    case "wss":
      return "https";
    case "http":
    case "ws":
      return "http";
    default:
      return exchange.scheme;
  }
}
