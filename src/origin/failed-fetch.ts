import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf } from "../exchange/fork-exchange.ts";

/**
 * The answer for a fetch that rejected, with Traefik's texts. A runtime does not tell a refused connection from one
 * cut in the middle, so that only a request without a body, and with a method that may be repeated (RFC 9110,
 * section 9.2.2), counts as one that can be sent elsewhere.
 */
export function answerFailedFetch(exchange: Exchange, error: unknown): Response {
  if (isTimeout(error)) {
    exchange.failure = "timeout";
    return plainAnswer(504, "Gateway Timeout");
  }
  exchange.failure = canBeRepeated(exchange) ? "unreachable" : "broken";
  return plainAnswer(502, "Bad Gateway");
}

const repeatable = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** Whether sending the request twice does no more than sending it once, and its body is there to be sent again. */
export const canBeRepeated = (exchange: Exchange): boolean =>
  bodyOf(exchange) === null && repeatable.has(exchange.request.method);

const isTimeout = (error: unknown): boolean => error instanceof Error && error.name === "TimeoutError";
