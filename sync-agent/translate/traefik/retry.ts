import * as z from "zod";
import { parseGoDuration } from "../go-duration.ts";
import { readFields } from "../read-object.ts";
import type { ReadOptions } from "./read-options.ts";

const duration = z.union([z.string(), z.number()]).optional();

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/retry/ */
export const retrySpec = z.object({
  attempts: z.int().optional(),
  initialInterval: duration,
  timeout: duration,
  status: z.array(z.string()).optional(),
  maxRequestBodyBytes: z.int().optional(),
  disableRetryOnNetworkError: z.boolean().optional(),
  retryNonIdempotentMethod: z.boolean().optional(),
});
type RetrySpec = z.output<typeof retrySpec>;

/** Traefik's RetryDefaultMaxRequestBodyBytes. */
const DEFAULT_BODY_BYTES = 2 * 1024 * 1024;
/** More than anybody means; a service that fails must not be flooded for it. */
const MOST_ATTEMPTS = 100;

export const readRetry: ReadOptions = (value, { path, report }) => {
  const spec = readFields(retrySpec, value ?? {}, path, report);
  if (spec === undefined) return undefined;
  const initialIntervalMs = parseGoDuration(spec.initialInterval ?? 0);
  const timeoutMs = parseGoDuration(spec.timeout ?? 0);
  const reason = whyNot(spec, initialIntervalMs, timeoutMs);
  if (reason !== undefined || initialIntervalMs === undefined || timeoutMs === undefined) {
    report({ code: "middleware-invalid", severity: "error", path, message: `\`retry\` cannot be built: ${reason}` });
    return undefined;
  }
  const { attempts = 0, status = [], maxRequestBodyBytes = DEFAULT_BODY_BYTES } = spec;
  if (attempts > MOST_ATTEMPTS) {
    const message = `\`attempts\` counts as ${MOST_ATTEMPTS}: no request is sent more often`;
    report({ code: "unsupported-field", severity: "warning", path: [...path, "attempts"], message });
  }
  return {
    type: "retry",
    attempts: Math.min(attempts, MOST_ATTEMPTS),
    initialIntervalMs: Math.max(0, initialIntervalMs),
    timeoutMs: Math.max(0, timeoutMs),
    status: status.flatMap((text) => text.split(",")).map((text) => text.trim()),
    maxRequestBodyBytes,
    disableRetryOnNetworkError: spec.disableRetryOnNetworkError ?? false,
    retryNonIdempotentMethod: spec.retryNonIdempotentMethod ?? false,
  };
};

function whyNot(spec: RetrySpec, initialIntervalMs?: number, timeoutMs?: number): string | undefined {
  const { attempts = 0, status = [], maxRequestBodyBytes = 0, disableRetryOnNetworkError = false } = spec;
  if (attempts < 1) return `${attempts} \`attempts\` send nothing`;
  if (initialIntervalMs === undefined) return `\`${spec.initialInterval}\` is not a duration: write \`100ms\``;
  if (timeoutMs === undefined) return `\`${spec.timeout}\` is not a duration: write \`10s\``;
  if (maxRequestBodyBytes < -1) return `${maxRequestBodyBytes} is not a number of bytes`;
  const range = status.flatMap((text) => text.split(",")).find((text) => !/^\s*\d{3}(-\d{3})?\s*$/.test(text));
  if (range !== undefined) return `\`${range.slice(0, 50)}\` is no status and no range of them, such as \`500-599\``;
  if (status.length === 0 && disableRetryOnNetworkError)
    return "it has no `status`, and `disableRetryOnNetworkError` leaves nothing else to retry for";
  return undefined;
}
