/** An isolate's looks at the pointer, as times in milliseconds; `-Infinity` for what never happened. */
export interface LookTimes {
  /** When the last look that got an answer ended. */
  readonly checkedAt: number;
  /** When the last look began. */
  readonly startedAt: number;
  /** When the last look that got none ended. */
  readonly failedAt: number;
}

export const neverLooked: LookTimes = {
  checkedAt: Number.NEGATIVE_INFINITY,
  startedAt: Number.NEGATIVE_INFINITY,
  failedAt: Number.NEGATIVE_INFINITY,
};

/** `serve`: from memory. `look`: serve, and look in the background. `wait`: for a look, at most `LOOK_WAIT_MS`. */
export type Freshness = "serve" | "look" | "wait";

/** How long a request waits for a look at most. */
export const LOOK_WAIT_MS = 100;

const FRESH_MS = 1_000;
const STALE_MS = 10_000;
/** A look that is under way, or failed, keeps others from looking for this long. */
const QUIET_MS = 1_000;

/**
 * Whether a request needs a look at the pointer. Guarded by times, since a look dies with its request and would
 * leave a flag standing.
 *
 * @param jitter between 0 and 1, drawn once for an isolate: it looks up to a quarter of a second earlier, so that
 *   isolates that began together do not look together
 * @param dev every request waits for a look of its own, so that an edit shows in the next one
 */
export function judgeFreshness(
  times: LookTimes,
  now: number,
  { jitter, dev }: { jitter: number; dev: boolean },
): Freshness {
  if (dev) return "wait";
  const age = now - times.checkedAt;
  if (age < FRESH_MS * (1 - jitter / 4)) return "serve";
  // A beacon that is away must not slow down every request.
  if (now - times.failedAt < QUIET_MS) return "serve";
  if (age >= STALE_MS) return "wait";
  return now - times.startedAt < QUIET_MS ? "serve" : "look";
}
