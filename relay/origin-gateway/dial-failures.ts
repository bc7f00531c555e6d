/** Endpoints that lately refused a connection, so that requests try others first. */
export interface DialFailures {
  /** Whether the address is to be tried last. */
  isDown(address: string): boolean;
  failed(address: string): void;
  answered(address: string): void;
}

/** The first time that a refused endpoint is left alone, doubled by each failure after it. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
const MAX_REMEMBERED = 10_000;

/** Keyed by address, so that what is known of an endpoint outlives the table that named it. */
export function createDialFailures(now: () => number): DialFailures {
  const failures = new Map<string, { until: number; pauseMs: number }>();
  return {
    isDown(address) {
      const failure = failures.get(address);
      return failure !== undefined && failure.until > now();
    },
    failed(address) {
      const pauseMs = Math.min((failures.get(address)?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS);
      failures.delete(address);
      if (failures.size >= MAX_REMEMBERED) {
        const [oldest] = failures.keys();
        if (oldest !== undefined) failures.delete(oldest);
      }
      failures.set(address, { until: now() + pauseMs, pauseMs });
    },
    answered(address) {
      failures.delete(address);
    },
  };
}
