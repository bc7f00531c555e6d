import type { Report } from "../observe/report.ts";
import { createProcessLimits } from "../rate-limit/process-limits.ts";
import type { RateLimits } from "../rate-limit/rate-limits.ts";
import type { Unseal } from "../seal/create-unseal.ts";
import { createVerdictCache, type VerdictCache } from "./verdict-cache.ts";

/** What middlewares take from where they run. */
export interface MiddlewareRuntime {
  /** Opens what the agent sealed. */
  unseal: Unseal;
  /** Shared by all middlewares of an isolate, so that a new table does not forget who was let in. */
  verdicts: VerdictCache;
  /** Shared likewise, so that a new table does not forget who came how often. */
  limits: RateLimits;
  report: Report;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A signal that aborts after so many milliseconds. */
  timeout: (ms: number) => AbortSignal;
}

/** Where no keys are at hand: middlewares that need a Secret refuse everybody. */
export const bareRuntime = (): MiddlewareRuntime => ({
  unseal: () => Promise.reject(new Error("There is no sealing key here")),
  verdicts: createVerdictCache({ key: () => crypto.getRandomValues(new Uint8Array(32)) }),
  limits: createProcessLimits(Date.now),
  report: () => {},
  now: Date.now,
  timeout: (ms) => AbortSignal.timeout(ms),
});
