import type { MiddlewareOptions } from "../../../src/table/middleware.ts";
import { type Place, within } from "../traefik/context.ts";
import { readDuration } from "./duration.ts";
import type { RuleSpec } from "./route-schema.ts";

/**
 * What a rule's `timeouts` ask for (https://gateway-api.sigs.k8s.io/geps/gep-1742/); undefined when that is nothing. What
 * cannot be is reported.
 */
export function readTimeouts(timeouts: RuleSpec["timeouts"], place: Place): MiddlewareOptions<"timeout"> | undefined {
  if (timeouts === undefined) return undefined;
  const requestMs = readDuration(timeouts.request, within(place, "request")) ?? 0;
  const backendRequestMs = readDuration(timeouts.backendRequest, within(place, "backendRequest")) ?? 0;
  if (requestMs > 0 && backendRequestMs > requestMs) {
    place.report({
      code: "invalid-field",
      severity: "warning",
      path: [...place.path, "backendRequest"],
      message: "`backendRequest` is longer than `request`, which ends before it",
      hint: "Give `request` the time of all tries together",
    });
  }
  return requestMs > 0 || backendRequestMs > 0 ? { type: "timeout", requestMs, backendRequestMs } : undefined;
}

/** Times that a request is sent again, where the rule does not say it. */
const DEFAULT_RETRIES = 1;
/** More than anybody means; a service that fails must not be flooded for it. */
const MOST_RETRIES = 100;
const DEFAULT_BACKOFF_MS = 25;
const MOST_BODY_BYTES = 2 * 1024 * 1024;

/**
 * What a rule's `retry` asks for (https://gateway-api.sigs.k8s.io/geps/gep-1731/): its `attempts` are those after the
 * first. Undefined when that is nothing.
 */
export function readRuleRetry(retry: RuleSpec["retry"], place: Place): MiddlewareOptions<"retry"> | undefined {
  if (retry === undefined) return undefined;
  const { attempts = DEFAULT_RETRIES, codes, backoff } = retry;
  const initialIntervalMs = readDuration(backoff, within(place, "backoff")) ?? DEFAULT_BACKOFF_MS;
  if (attempts === 0) return undefined;
  if (attempts > MOST_RETRIES) {
    place.report({
      code: "unsupported-field",
      severity: "warning",
      path: [...place.path, "attempts"],
      message: `\`attempts\` counts as ${MOST_RETRIES}: no request is sent again more often`,
    });
  }
  return {
    type: "retry",
    attempts: 1 + Math.min(attempts, MOST_RETRIES),
    initialIntervalMs,
    timeoutMs: 0,
    status: codes.map(String),
    maxRequestBodyBytes: MOST_BODY_BYTES,
    disableRetryOnNetworkError: false,
    retryNonIdempotentMethod: true,
    doublesPauses: true,
    retryIdempotentFailures: true,
  };
}
