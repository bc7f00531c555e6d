/** How many requests of one source pass, ready to count by. */
export interface Limit {
  /** Tokens that come back in a millisecond. */
  readonly ratePerMs: number;
  /** Tokens that a bucket holds at most. */
  readonly burst: number;
  /** Milliseconds that a request waits for its token rather than being refused. */
  readonly maxWaitMs: number;
}

/** What a limit is made of: `average` requests in a period. */
export interface LimitOptions {
  average: number;
  periodMs: number;
  burst: number;
}

/** Milliseconds that Traefik lets a request wait at most, however slowly tokens come back. */
const LONGEST_WAIT_MS = 500;

/**
 * Traefik's rate and burst
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ratelimit/#rate-and-burst). As there, a
 * request that is at most half a token too early waits for it.
 *
 * @returns undefined for an average of 0, which is no limit
 */
export function compileLimit({ average, periodMs, burst }: LimitOptions): Limit | undefined {
  if (average === 0) return undefined;
  const perSecond = (average * 1000) / periodMs;
  return {
    ratePerMs: average / periodMs,
    burst: Math.max(1, burst),
    maxWaitMs: perSecond < 1 ? LONGEST_WAIT_MS : 1000 / (2 * Math.trunc(perSecond)),
  };
}

/** What is left of a limit at a time, in milliseconds since the epoch. Below 0 by what is promised to who waits. */
export interface Bucket {
  tokens: number;
  at: number;
}

export const fullBucket = ({ burst }: Limit, now: number): Bucket => ({ tokens: burst, at: now });

/**
 * Takes a token for a request now.
 *
 * @returns milliseconds until the token is there: up to `maxWaitMs` it is taken and the request waits, beyond it is not
 */
export function takeToken(bucket: Bucket, limit: Limit, now: number): number {
  refill(bucket, limit, now);
  const waitMs = Math.max(0, (1 - bucket.tokens) / limit.ratePerMs);
  if (waitMs <= limit.maxWaitMs) bucket.tokens -= 1;
  return waitMs;
}

/** Gives back a token that was taken for nothing. */
export function returnToken(bucket: Bucket, { burst }: Limit): void {
  bucket.tokens = Math.min(burst, bucket.tokens + 1);
}

/** Tokens taken at once; `waitMs` as `takeToken` says it. */
export interface Grant {
  /** 0: refused. */
  granted: number;
  waitMs: number;
}

/** What comes back in this time is not worth a question for each: more than a token for limits above 200 a second. */
const PORTION_MS = 10;

/**
 * Takes up to `want` tokens, of which one is for a request now and the others are for later ones. What lies above half of
 * the bucket is given ahead, but only half of it, since others may ask as well. Below that tokens are given one by one, and
 * those of high limits in portions, which are waited for: else who counts would be asked for each.
 */
export function takeTokens(bucket: Bucket, limit: Limit, want: number, now: number): Grant {
  refill(bucket, limit, now);
  const portion = Math.min(want, Math.floor(Math.min(limit.ratePerMs * PORTION_MS, limit.burst / 2)));
  if (portion > 1 && bucket.tokens < portion) {
    return { granted: 0, waitMs: (portion - bucket.tokens) / limit.ratePerMs };
  }
  const waitMs = takeToken(bucket, limit, now);
  if (waitMs > limit.maxWaitMs) return { granted: 0, waitMs };
  const ahead = Math.max(portion - 1, Math.min(want - 1, Math.floor((bucket.tokens - limit.burst / 2) / 2)), 0);
  bucket.tokens -= ahead;
  return { granted: 1 + ahead, waitMs };
}

/** Milliseconds until the bucket is full. */
export const untilFull = ({ tokens }: Bucket, { burst, ratePerMs }: Limit): number =>
  Math.max(0, burst - tokens) / ratePerMs;

const LONGEST_LEASE_MS = 1000;

/**
 * Milliseconds for which tokens that were given ahead are good. While they are out, the bucket fills up: in any time a
 * source passes at most what the limit says and what comes back in this time, which is a quarter of the burst or what
 * comes back in a second, whichever is less.
 */
export const leaseMs = ({ burst, ratePerMs }: Limit): number => Math.min(LONGEST_LEASE_MS, burst / (4 * ratePerMs));

/** A clock that goes back brings no tokens, and none are lost by it. */
function refill(bucket: Bucket, { ratePerMs, burst }: Limit, now: number): void {
  const elapsedMs = Math.max(0, now - bucket.at);
  bucket.tokens = Math.min(burst, bucket.tokens + elapsedMs * ratePerMs);
  bucket.at = now;
}
