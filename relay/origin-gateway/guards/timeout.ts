import type { MiddlewareOptions } from "../../../src/table/middleware.ts";

/** How long a request may take here, in milliseconds; Infinity: as long as it does. */
export interface Timeout {
  /** From now to the last byte of its answer. */
  readonly requestMs: number;
  /** Each time that it is sent. */
  readonly backendRequestMs: number;
}

export const NO_TIMEOUT: Timeout = { requestMs: Number.POSITIVE_INFINITY, backendRequestMs: Number.POSITIVE_INFINITY };

/**
 * What is left of a timeout.
 *
 * @param key milliseconds that have passed at the edge; empty: none
 * @returns undefined for a key that is no number
 */
export function compileTimeout(options: MiddlewareOptions<"timeout">, key: string): Timeout | undefined {
  if (!/^\d{0,15}$/.test(key)) return undefined;
  return {
    requestMs: options.requestMs > 0 ? Math.max(1, options.requestMs - Number(key)) : NO_TIMEOUT.requestMs,
    backendRequestMs: options.backendRequestMs > 0 ? options.backendRequestMs : NO_TIMEOUT.backendRequestMs,
  };
}
