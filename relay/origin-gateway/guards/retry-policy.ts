import type { HopFailure } from "../../../src/hop/hop.ts";
import { compileStatuses } from "../../../src/middleware/compile-statuses.ts";
import type { MiddlewareOptions } from "../../../src/table/middleware.ts";
import { statusOf } from "../answer.ts";

/** When a request is sent again. */
export interface RetryPolicy {
  /** How often it is sent in all. */
  readonly attempts: number;
  /** Nothing is sent again once so long has passed; 0: no such limit. */
  readonly timeoutMs: number;
  /** Bytes of a body that are kept to be sent again. */
  readonly mostKept: number;
  /** Whether its body is kept. */
  keepsBody(method: string): boolean;
  /** Whether it is because of this answer of a Pod. */
  forAnswer(status: number, method: string): boolean;
  /** Whether it is when no Pod answered. */
  forFailure(failure: HopFailure, method: string): boolean;
  /** The pause before the nth time that it is sent again, in milliseconds. @param random from 0 to 1 */
  pauseMs(nth: number, random: number): number;
}

/** No body takes more of the gateway's memory, whatever a middleware says. */
const MOST_KEPT = 16 * 1024 * 1024;
const LONGEST_PAUSE_MS = 60_000;
/** Timers count to no more, and end at once when they are told to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** What must not be sent twice because of its answer (Traefik's list). */
const NON_IDEMPOTENT = new Set(["POST", "PATCH", "LOCK"]);
/** What may be sent twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * Compiles a retry of Traefik or of Gateway API.
 *
 * @throws MiddlewareError for a status that is none
 */
export function compileRetry(options: MiddlewareOptions<"retry">): RetryPolicy {
  const { attempts, maxRequestBodyBytes, status, retryNonIdempotentMethod, retryIdempotentFailures = false } = options;
  const isStatus = compileStatuses(status);
  const forAnswersTo = (method: string): boolean =>
    status.length > 0 && (retryNonIdempotentMethod || !NON_IDEMPOTENT.has(method));
  const forAnswer = (code: number, method: string): boolean => forAnswersTo(method) && isStatus(code);
  return {
    attempts,
    timeoutMs: options.timeoutMs,
    mostKept: maxRequestBodyBytes < 0 ? MOST_KEPT : Math.min(maxRequestBodyBytes, MOST_KEPT),
    keepsBody: (method) => forAnswersTo(method) || (retryIdempotentFailures && IDEMPOTENT.has(method)),
    forAnswer,
    forFailure(failure, method) {
      if (failure === "unreachable" && !options.disableRetryOnNetworkError) return true;
      const mayHaveBegun = failure === "timeout" || failure === "broken";
      if (retryIdempotentFailures && mayHaveBegun) return IDEMPOTENT.has(method);
      return forAnswer(statusOf(failure), method);
    },
    pauseMs: pausesOf(options),
  };
}

/**
 * Traefik's pauses grow by such a factor that the last is at most twice the first, each up to half longer or shorter at
 * random; the others are up to half longer.
 */
function pausesOf({ attempts, initialIntervalMs, doublesPauses }: MiddlewareOptions<"retry">): RetryPolicy["pauseMs"] {
  const longestMs = Math.max(LONGEST_PAUSE_MS, initialIntervalMs);
  if (doublesPauses) {
    return (nth, random) => {
      const ms = Math.min(initialIntervalMs * 2 ** (nth - 1), longestMs);
      return Math.min(ms * (1 + random / 2), LONGEST_TIMER_MS);
    };
  }
  const factor = 2 ** (1 / Math.max(1, attempts - 1));
  return (nth, random) => Math.min(initialIntervalMs * factor ** (nth - 1), LONGEST_PAUSE_MS) * (0.5 + random);
}
