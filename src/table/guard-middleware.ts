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
});
