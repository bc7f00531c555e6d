import { plainAnswer } from "../edge/plain-answer.ts";
import { portSuffix, splitAuthority } from "./authority.ts";
import { clientScheme } from "./client-scheme.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";
import { redirectStatus, redirectTo } from "./redirect.ts";

/**
 * Redirects to the same URL with this scheme and port. Without a port, what has the scheme already is passed on,
 * whatever port it came by (Traefik sends it to the well-known one).
 */
export const redirectScheme: MiddlewareFactory<"redirectScheme"> = {
  type: "redirectScheme",
  build({ scheme: to, port = "", permanent }) {
    const scheme = to.toLowerCase();
    if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) throw invalid(`${JSON.stringify(to)} is not a URL's scheme`);
    if (!/^\d{0,5}$/.test(port)) throw invalid(`${JSON.stringify(port)} is not a port`);
    const suffix = portSuffix(scheme, port);
    return (next) => async (exchange) => {
      const host = splitAuthority(exchange.host);
      if (host === undefined) return plainAnswer(400);
      const isThere = clientScheme(exchange) === scheme && (port === "" || portSuffix(scheme, host.port) === suffix);
      if (isThere) return next(exchange);
      const location = `${scheme}://${host.name}${suffix}${exchange.path}${exchange.query}`;
      return redirectTo(location, redirectStatus(exchange.request.method, permanent));
    };
  },
};
