/** Endpoints that lately could not be dialled, so that requests try others first. */
export interface DialFailures {
  /** Whether the address is to be tried last. */
  isDown(authority: string): boolean;
  /** Whether nothing is down. */
  isEmpty(): boolean;
  failed(authority: string): void;
  answered(authority: string): void;
  /** Forgets addresses that are not among these. */
  retain(authorities: ReadonlySet<string>): void;
}

/** How long an endpoint is left alone at first, doubled each time that it fails after such a pause. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
const MAX_REMEMBERED = 10_000;

/** Keyed by address, so that what is known of an endpoint outlives the table that named it. */
export function createDialFailures(now: () => number): DialFailures {
  const failures = new Map<string, { until: number; pauseMs: number }>();
  return {
    isDown(authority) {
      const failure = failures.get(authority);
      return failure !== undefined && failure.until > now();
    },
    isEmpty: () => failures.size === 0,
    failed(authority) {
      const known = failures.get(authority);
      // Requests that were under way when it failed first say nothing new.
      if (known !== undefined && known.until > now()) return;
      const pauseMs = known === undefined ? FIRST_PAUSE_MS : Math.min(known.pauseMs * 2, LONGEST_PAUSE_MS);
      failures.delete(authority);
      if (failures.size >= MAX_REMEMBERED) {
        const [oldest] = failures.keys();
        if (oldest !== undefined) failures.delete(oldest);
      }
      failures.set(authority, { until: now() + pauseMs, pauseMs });
    },
    answered(authority) {
      if (failures.size > 0) failures.delete(authority);
    },
    retain(authorities) {
      for (const authority of failures.keys()) if (!authorities.has(authority)) failures.delete(authority);
    },
  };
}
