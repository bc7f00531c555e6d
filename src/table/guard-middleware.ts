import * as z from "zod/mini";
import { breakerConditionSchema } from "./breaker-condition.ts";
import { sourceCriterionSchema } from "./source-criterion.ts";

/** Requests of one source that pass in a time, by a token bucket. */
export const rateLimitSchema = z.strictObject({
  type: z.literal("rateLimit"),
  /** Requests in a period; 0: no limit. */
  average: z.number(),
  /** Milliseconds. */
  periodMs: z.number(),
  /** Requests that may come at once; at least 1. */
  burst: z.number(),
  /** Left out: the client's address. */
  sourceCriterion: z.optional(sourceCriterionSchema),
});

/** How many requests of one source may be on their way at once; counted by the origin gateway. */
export const inFlightReqSchema = z.strictObject({
  type: z.literal("inFlightReq"),
  amount: z.number(),
  /** Left out: the request's host. */
  sourceCriterion: z.optional(sourceCriterionSchema),
});

/** Requests are refused for a while when answers are so as the condition says; done by the origin gateway. */
export const circuitBreakerSchema = z.strictObject({
  type: z.literal("circuitBreaker"),
  condition: breakerConditionSchema,
  /** Between two looks at the condition. */
  checkPeriodMs: z.number(),
  /** How long all requests are refused. */
  fallbackDurationMs: z.number(),
  /** ... and ever fewer of them. */
  recoveryDurationMs: z.number(),
  /** What those get that are refused. */
  responseCode: z.number(),
});

/** How long a request may take (Gateway API's `timeouts`); the edge answers it in time, the origin gateway cuts it. */
export const timeoutSchema = z.strictObject({
  type: z.literal("timeout"),
  /** From its coming to the edge to the last byte of its answer; 0: as long as it takes. */
  requestMs: z.number(),
  /** Each time that it is sent, from the connection to the last byte of the Pod's answer; 0: as long as it takes. */
  backendRequestMs: z.number(),
});

/** Requests that failed are sent again by the origin gateway. */
export const retrySchema = z.strictObject({
  type: z.literal("retry"),
  /** How often a request is sent in all. */
  attempts: z.number(),
  /** The first pause; 0: none. */
  initialIntervalMs: z.number(),
  /** Nothing is sent again once so long has passed; 0: no such limit. */
  timeoutMs: z.number(),
  /** Answers that count as failures: `502`, `500-599`. */
  status: z.array(z.string()),
  /** A longer body is sent once; -1: as much as is held at all. */
  maxRequestBodyBytes: z.number(),
  disableRetryOnNetworkError: z.boolean(),
  /** Whether POST, PATCH and LOCK are sent again for their answer's status. */
  retryNonIdempotentMethod: z.boolean(),
  /** Each pause is twice the last, and none is shorter than it should be; else they grow to twice the first. */
  doublesPauses: z.optional(z.boolean()),
  /**
   * What may be sent twice is sent again whenever its Pod took too long or ended the connection; what may not, never for
   * that. Else such failures are answers of 504 and 502.
   */
  retryIdempotentFailures: z.optional(z.boolean()),
});
