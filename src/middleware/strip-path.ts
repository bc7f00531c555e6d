import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange, Handler } from "../exchange/exchange.ts";
import { isCleanPath, withLeadingSlash } from "./escape-path.ts";

/**
 * Sends an exchange on without the beginning of its path, which the origin learns from X-Forwarded-Prefix. What is
 * left may not be a path that an origin resolves once more (`/a` of `/a../b`): that is a 400, as in Traefik.
 */
export function stripPath(exchange: Exchange, prefix: string, next: Handler): Promise<Response> {
  const rest = withLeadingSlash(exchange.path.slice(prefix.length));
  if (!isCleanPath(rest)) return Promise.resolve(plainAnswer(400));
  exchange.path = rest;
  exchange.headers.append("X-Forwarded-Prefix", prefix);
  return next(exchange);
}
