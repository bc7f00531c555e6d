/** How many requests a token may make: so many in any window of so long. */
export interface RequestBudget {
  /** Resolves when a request may be made, in the order of asking; rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<void>;
  /**
   * To be told of each 429. Lets nobody make a request for so many milliseconds, whoever asks: the API counts what
   * belongs to one token. Without a number, which the API always sends, for some seconds.
   */
  pause(ms: number | undefined): void;
  /** Requests of the window that is now. */
  readonly used: number;
}

export interface BudgetOptions {
  limit: number;
  windowMs: number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Cloudflare's API takes 1,200 requests in five minutes for a token, and punishes more with five minutes of 429
 * (https://developers.cloudflare.com/fundamentals/api/reference/limits/). Some are left to whoever else uses the token.
 */
export const API_LIMIT = { limit: 1_000, windowMs: 5 * 60_000 };

const UNASKED_PAUSE_MS = 5_000;

export function createRequestBudget({ limit, windowMs, now, sleep }: BudgetOptions): RequestBudget {
  const times: number[] = [];
  const forget = (): void => {
    while (times[0] !== undefined && times[0] <= now() - windowMs) times.shift();
  };
  let turn: Promise<void> = Promise.resolve();
  let pausedUntil = Number.NEGATIVE_INFINITY;
  const wait = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      forget();
      const [oldest] = times;
      const freeAt = times.length < limit || oldest === undefined ? Number.NEGATIVE_INFINITY : oldest + windowMs;
      const waitMs = Math.max(freeAt, pausedUntil) - now();
      if (waitMs <= 0) break;
      await sleep(Math.max(1, waitMs), signal);
    }
    times.push(now());
  };
  return {
    acquire(signal) {
      const mine = turn.then(() => wait(signal));
      turn = mine.catch(() => undefined);
      return mine;
    },
    pause(ms = UNASKED_PAUSE_MS) {
      pausedUntil = Math.max(pausedUntil, now() + ms);
    },
    get used() {
      forget();
      return times.length;
    },
  };
}
