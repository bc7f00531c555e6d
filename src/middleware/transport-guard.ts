import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { checkAuthority, portSuffix, splitAuthority } from "./authority.ts";
import { checkHeaderName } from "./check-header.ts";
import { proxyHeader } from "./proxy-header.ts";
import { redirectStatus, redirectTo } from "./redirect.ts";

/** Answers what may not pass. */
export type Guard = (exchange: Exchange) => Response | undefined;

/**
 * Traefik's allowedHosts and its older redirects to TLS (sslRedirect, sslHost, sslForceHost,
 * sslTemporaryRedirect); none of them in development.
 *
 * @returns undefined when no option asks for a guard
 */
export function compileTransportGuard(
  options: MiddlewareOptions<"headers">,
  isTls: (exchange: Exchange) => boolean,
): Guard | undefined {
  const { allowedHosts = [], hostsProxyHeaders = [], sslHost = "", isDevelopment = false } = options;
  for (const name of hostsProxyHeaders) checkHeaderName(name);
  if (sslHost !== "") checkAuthority(sslHost);
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const redirectsPlain = options.sslRedirect === true;
  const forcesHost = options.sslForceHost === true && sslHost !== "";
  const permanent = options.sslTemporaryRedirect !== true;
  if (isDevelopment || (allowed.size === 0 && !redirectsPlain && !forcesHost)) return undefined;

  const hostOf = (exchange: Exchange): string => {
    for (const name of hostsProxyHeaders) {
      const host = proxyHeader(exchange, name);
      if (host !== null && host !== "") return host;
    }
    return exchange.host;
  };

  return (exchange) => {
    const host = hostOf(exchange);
    if (allowed.size > 0 && !allowed.has(host.toLowerCase())) return plainAnswer(500, "Bad Host");
    const staysPlain = redirectsPlain && !isTls(exchange);
    if (!staysPlain && !(forcesHost && host.toLowerCase() !== sslHost.toLowerCase())) return undefined;
    const target = sslHost === "" ? httpsHost(host, exchange.scheme) : sslHost;
    if (target === undefined) return plainAnswer(400);
    const location = `https://${target}${exchange.path}${exchange.query}`;
    return redirectTo(location, permanent ? redirectStatus(exchange.request.method, true) : 307);
  };
}

/** The host to ask over TLS: a port at which plain HTTP is spoken does not speak TLS too. */
function httpsHost(host: string, scheme: "http" | "https"): string | undefined {
  const parts = splitAuthority(host);
  return parts && parts.name + portSuffix("https", scheme === "https" ? parts.port : "");
}
