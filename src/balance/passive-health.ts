import type { PassiveHealthCheck } from "../table/service.ts";

/** Endpoints that are out because requests to them failed. */
export interface PassiveHealth {
  isDown(endpoint: string): boolean;
  /** @returns whether that takes it out */
  failed(endpoint: string, check: PassiveHealthCheck): boolean;
  answered(endpoint: string): void;
}

interface Failures {
  /** When the last ones were, the oldest first; never more than are needed. */
  times: number[];
  downUntil: number;
}

/** Failures that are counted at most. */
const MAX_COUNTED = 1_000;
const MAX_REMEMBERED = 10_000;

/**
 * An endpoint is out once so many requests to it in a row have failed within the window, for as long as the window is; an
 * answer forgets what was before.
 *
 * @param now milliseconds
 */
export function createPassiveHealth(now: () => number): PassiveHealth {
  const known = new Map<string, Failures>();

  function failuresOf(endpoint: string): Failures {
    const before = known.get(endpoint);
    if (before !== undefined) return before;
    if (known.size >= MAX_REMEMBERED) {
      const oldest = known.keys().next();
      if (!oldest.done) known.delete(oldest.value);
    }
    const failures = { times: [], downUntil: 0 };
    known.set(endpoint, failures);
    return failures;
  }

  return {
    isDown: (endpoint) => known.size > 0 && (known.get(endpoint)?.downUntil ?? 0) > now(),
    failed(endpoint, { maxFailedAttempts, failureWindowMs }) {
      const failures = failuresOf(endpoint);
      const time = now();
      // Requests that were under way when it was taken out say nothing new.
      if (failures.downUntil > time) return false;
      const needed = Math.min(Math.max(Math.trunc(maxFailedAttempts), 1), MAX_COUNTED);
      failures.times.push(time);
      failures.times = failures.times.filter((one) => time - one <= failureWindowMs).slice(-needed);
      if (failures.times.length < needed) return false;
      failures.times = [];
      failures.downUntil = time + failureWindowMs;
      return true;
    },
    answered(endpoint) {
      const failures = known.size > 0 ? known.get(endpoint) : undefined;
      if (failures !== undefined && failures.downUntil <= now()) known.delete(endpoint);
    },
  };
}
