import type { Exchange } from "../exchange/exchange.ts";
import { canonicalHost, withoutTrailingDot } from "../rule/canonical-host.ts";
import type { SourceCriterion } from "../table/source-criterion.ts";
import { checkHeaderName } from "./check-header.ts";
import { compileClientIp } from "./client-ip.ts";
import { invalid } from "./middleware-error.ts";
import { proxyHeader } from "./proxy-header.ts";

/**
 * Traefik's sourceCriterion
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ratelimit/#sourcecriterion): what
 * requests are counted together. By the client's address where nothing else is named. Requests without the header, or
 * without the address that is asked for, are one source.
 *
 * @returns a function of an exchange that gives its source: a text of any length, as the client chose it
 */
export function compileSource(criterion: SourceCriterion = {}): (exchange: Exchange) => string {
  const { ipStrategy, requestHeaderName, requestHost } = criterion;
  if ([ipStrategy, requestHeaderName, requestHost].filter(Boolean).length > 1) {
    throw invalid("The sourceCriterion names several sources");
  }
  // However a client writes a host, it is the same one.
  if (requestHost) return ({ authority }) => withoutTrailingDot(canonicalHost(authority));
  if (requestHeaderName) return compileHeader(requestHeaderName);
  return compileClientIp(ipStrategy);
}

/** What an untrusted client says of its own address does not count: else each request could be a source of its own. */
function compileHeader(name: string): (exchange: Exchange) => string {
  checkHeaderName(name);
  const lowerName = name.toLowerCase();
  if (lowerName === "x-real-ip") return (exchange) => proxyHeader(exchange, lowerName) ?? exchange.client.address;
  if (lowerName.startsWith("x-forwarded-")) return (exchange) => proxyHeader(exchange, lowerName) ?? "";
  return ({ headers }) => headers.get(lowerName) ?? "";
}
