import { plainAnswer } from "../edge/plain-answer.ts";
import { checkAuthority, portSuffix, splitAuthority } from "./authority.ts";
import { clientScheme } from "./client-scheme.ts";
import { compilePathModifier } from "./compile-path-modifier.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";
import { isRedirectStatus, redirectTo } from "./redirect.ts";

/**
 * Gateway API's RequestRedirect: answers every request with a redirect
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httprequestredirectfilter). Without a port, a given scheme means
 * its well-known one, and otherwise the request's own port stays.
 */
export const requestRedirect: MiddlewareFactory<"requestRedirect"> = {
  type: "requestRedirect",
  build({ scheme, hostname, port, statusCode, path }) {
    if (!isRedirectStatus(statusCode)) throw invalid(`${statusCode} is not the status of a redirect`);
    if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
      throw invalid(`${JSON.stringify(scheme)} is neither http nor https`);
    }
    if (hostname !== undefined) checkAuthority(hostname);
    const modify = path === undefined ? (original: string) => original : compilePathModifier(path);
    const ownPort = port === undefined ? (scheme === undefined ? undefined : "") : String(port);

    return () => async (exchange) => {
      const host = splitAuthority(exchange.host);
      if (host === undefined) return plainAnswer(400);
      const to = scheme ?? clientScheme(exchange);
      const authority = (hostname ?? host.name) + portSuffix(to, ownPort ?? host.port);
      return redirectTo(`${to}://${authority}${modify(exchange.path)}${exchange.query}`, statusCode);
    };
  },
};
