import { plainAnswer } from "../edge/plain-answer.ts";
import { compileLimit } from "../rate-limit/token-bucket.ts";
import { printGoDuration } from "./go-duration.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";
import { compileSource } from "./source-criterion.ts";

/**
 * Traefik's rateLimit
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ratelimit/): a token bucket for each
 * source of requests. Who finds it empty gets 429, and is told when to come back.
 */
export const rateLimit: MiddlewareFactory<"rateLimit"> = {
  type: "rateLimit",
  build({ average, periodMs, burst, sourceCriterion }, { name, runtime }) {
    if (!(average >= 0 && average < Number.POSITIVE_INFINITY)) throw invalid(`${average} is not an average`);
    if (!(periodMs > 0 && periodMs < Number.POSITIVE_INFINITY)) throw invalid(`${periodMs} ms is not a period`);
    if (!(burst >= 1 && burst < Number.POSITIVE_INFINITY)) throw invalid(`${burst} is not a burst`);
    const sourceOf = compileSource(sourceCriterion);
    const limit = compileLimit({ average, periodMs, burst });
    if (limit === undefined) return (next) => next;

    return (next) => async (exchange) => {
      const admission = runtime.limits.admit(name, limit, sourceOf(exchange));
      const retryMs = typeof admission === "number" ? admission : await admission;
      return retryMs === 0 ? next(exchange) : refuse(retryMs);
    };
  },
};

/** As Traefik says when to come back; seconds in whole (RFC 9110, section 10.2.3). */
function refuse(retryMs: number): Response {
  const answer = plainAnswer(429, "Too Many Requests");
  answer.headers.set("Retry-After", String(Math.ceil(retryMs / 1000)));
  answer.headers.set("X-Retry-In", printGoDuration(retryMs));
  return answer;
}
