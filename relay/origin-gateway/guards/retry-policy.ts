import { compileStatuses } from "../../../src/middleware/compile-statuses.ts";
import type { MiddlewareOptions } from "../../../src/table/middleware.ts";

/** When a request is sent again. */
export interface RetryPolicy {
  /** How often it is sent in all. */
  readonly attempts: number;
  /** Nothing is sent again once so long has passed; 0: no such limit. */
  readonly timeoutMs: number;
  /** Bytes of a body that are kept to be sent again. */
  readonly mostKept: number;
  /** Whether it is when no byte of it reached a Pod. */
  readonly forNetwork: boolean;
  /** Whether it can be because of an answer. */
  forAnswersTo(method: string): boolean;
  /** Whether it is because of this one. */
  forStatus(status: number): boolean;
  /** The pause before the nth time that it is sent again, in milliseconds. @param random from 0 to 1 */
  pauseMs(nth: number, random: number): number;
}

/** No body takes more of the gateway's memory, whatever a middleware says. */
const MOST_KEPT = 16 * 1024 * 1024;
const LONGEST_PAUSE_MS = 60_000;
/** What must not be sent twice because of its answer (Traefik's list). */
const NON_IDEMPOTENT = new Set(["POST", "PATCH", "LOCK"]);

/**
 * Compiles Traefik's retry. Pauses grow by such a factor that the last is at most twice the first, each up to half longer
 * or shorter at random.
 *
 * @throws MiddlewareError for a status that is none
 */
export function compileRetry(options: MiddlewareOptions<"retry">): RetryPolicy {
  const { attempts, initialIntervalMs, maxRequestBodyBytes, status, retryNonIdempotentMethod } = options;
  const factor = 2 ** (1 / Math.max(1, attempts - 1));
  return {
    attempts,
    timeoutMs: options.timeoutMs,
    mostKept: maxRequestBodyBytes < 0 ? MOST_KEPT : Math.min(maxRequestBodyBytes, MOST_KEPT),
    forNetwork: !options.disableRetryOnNetworkError,
    forAnswersTo: (method) => status.length > 0 && (retryNonIdempotentMethod || !NON_IDEMPOTENT.has(method)),
    forStatus: compileStatuses(status),
    pauseMs: (nth, random) => Math.min(initialIntervalMs * factor ** (nth - 1), LONGEST_PAUSE_MS) * (0.5 + random),
  };
}
