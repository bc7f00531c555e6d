import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { isTls } from "./is-tls.ts";
import { redirectTo } from "./redirect.ts";

/**
 * Traefik's allowedHosts and its older redirects to TLS; none of them on a development machine.
 *
 * @returns what answers the requests that may not pass, or undefined when no option asks for any
 */
export function compileTransportGuard(
  options: MiddlewareOptions<"headers">,
): ((exchange: Exchange) => Response | undefined) | undefined {
  const { allowedHosts = [], hostsProxyHeaders = [], isDevelopment, sslRedirect, sslHost, sslForceHost } = options;
  if (isDevelopment || (allowedHosts.length === 0 && !sslRedirect)) return undefined;
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const status = options.sslTemporaryRedirect ? 307 : 301;

  const hostOf = (exchange: Exchange): string => {
    if (exchange.client.trusted) {
      for (const name of hostsProxyHeaders) {
        const host = exchange.headers.get(name);
        if (host) return host;
      }
    }
    return exchange.host;
  };

  return (exchange) => {
    const host = hostOf(exchange);
    if (allowed.size > 0 && !allowed.has(host.toLowerCase())) return plainAnswer(500, "Bad Host");
    if (!sslRedirect) return undefined;
    const target = sslHost || host;
    const overTls = isTls(exchange, options.sslProxyHeaders);
    if (overTls && !(sslForceHost && sslHost && sslHost !== host)) return undefined;
    return redirectTo(`https://${target}${exchange.path}${exchange.query}`, status);
  };
}
