import type { Exchange } from "../exchange/exchange.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { MiddlewareError } from "./middleware-error.ts";
import { redirectStatus, redirectTo } from "./redirect.ts";

const wellKnownPorts: Readonly<Record<string, string>> = { http: "80", https: "443" };

/** Redirects requests of another scheme to the same URL with this one. */
export const redirectScheme: MiddlewareFactory<"redirectScheme"> = {
  type: "redirectScheme",
  build({ scheme, port, permanent }) {
    if (!/^[a-z][a-z0-9+.-]*$/i.test(scheme)) {
      throw new MiddlewareError("invalid-options", `"${scheme}" is not a URL scheme`);
    }
    if (port !== undefined && port !== "" && !/^\d{1,5}$/.test(port)) {
      throw new MiddlewareError("invalid-options", `"${port}" is not a port`);
    }
    const explicitPort = port && port !== wellKnownPorts[scheme] ? `:${port}` : "";
    return (next) => async (exchange) => {
      if (forwardedScheme(exchange) === scheme) return next(exchange);
      const host = exchange.host.replace(/:\d*$/, "");
      const target = `${scheme}://${host}${explicitPort}${exchange.path}${exchange.query}`;
      return redirectTo(target, redirectStatus(exchange.request.method, permanent));
    };
  },
};

/** The scheme that the client used, by X-Forwarded-Proto where it is believed; WebSockets count as their HTTP. */
export function forwardedScheme({ scheme, client, headers }: Exchange): string {
  const claimed = client.trusted ? headers.get("X-Forwarded-Proto")?.toLowerCase() : undefined;
  switch (claimed) {
    case "https":
    case "wss":
      return "https";
    case "http":
    case "ws":
      return "http";
    default:
      return scheme;
  }
}
