import { type Bucket, fullBucket, type Grant, type Limit, leaseMs, takeToken } from "./token-bucket.ts";

/** Milliseconds in which a question is taken for being under way. */
export const ASK_DEADLINE_MS = 500;
/** Milliseconds in which nobody asks again after a question without answer. */
const PAUSE_MS = 1000;
/** Milliseconds that a second refusal holds at least; each further one twice as long. */
const HOLD_MS = 50;
const LONGEST_HOLD_MS = 1000;
/** Milliseconds after a refusal has ended in which one request at a time asks. */
const PRESSED_MS = 100;

const NEVER = Number.NEGATIVE_INFINITY;

/** What one isolate knows of one source. All times are in milliseconds since the epoch. */
export interface Allowance {
  /** What passed here: this isolate alone lets no more pass than the limit says, whatever it is told. */
  readonly bucket: Bucket;
  /** Tokens that were given ahead, and when they are good. */
  leased: number;
  leasedFrom: number;
  leasedUntil: number;
  /** When a refusal came, until when it holds, and when the next token is there. */
  refusedAt: number;
  refusedUntil: number;
  tokenAt: number;
  /** One after the other, each asked for when the one before was known. */
  refusals: number;
  askedAt: number;
  answeredAt: number;
  /** When a question got no answer, unless a later one did. */
  failedAt: number;
  /** Requests since `countedFrom`, and in the time as long as a lease before it. */
  countedFrom: number;
  count: number;
  countBefore: number;
}

export const newAllowance = (limit: Limit, now: number): Allowance => ({
  bucket: fullBucket(limit, now),
  leased: 0,
  leasedFrom: now,
  leasedUntil: now,
  refusedAt: now,
  refusedUntil: now,
  tokenAt: now,
  refusals: 0,
  askedAt: NEVER,
  answeredAt: NEVER,
  failedAt: NEVER,
  countedFrom: now,
  count: 0,
  countBefore: 0,
});

/** `pass`: after so many milliseconds. `refuse`: a token is there after so many. `ask`: for so many tokens. */
export type Decision =
  | { do: "pass"; waitMs: number }
  | { do: "refuse"; waitMs: number }
  | { do: "ask"; want: number; waitMs: number };

/**
 * What becomes of a request, as far as this isolate knows. To `ask`, the request has its token of the isolate's own
 * bucket, which it gives back when it is refused; `waitMs` is how long it waits when nobody answers.
 */
export function decide(allowance: Allowance, limit: Limit, now: number): Decision {
  const demand = countRequest(allowance, leaseMs(limit), now);
  if (isWithin(now, allowance.refusedAt, allowance.refusedUntil)) {
    return { do: "refuse", waitMs: Math.max(1, allowance.tokenAt - now) };
  }
  const isAsked =
    allowance.askedAt > allowance.answeredAt && isWithin(now, allowance.askedAt, allowance.askedAt + ASK_DEADLINE_MS);
  // Where many isolates press for few tokens, who counts must not be asked for each request.
  const isPressed = allowance.refusals > 0 && isWithin(now, allowance.refusedAt, allowance.refusedUntil + PRESSED_MS);
  if (isPressed && isAsked) return { do: "refuse", waitMs: Math.max(1, allowance.tokenAt - now) };
  const waitMs = takeToken(allowance.bucket, limit, now);
  if (waitMs > limit.maxWaitMs) return { do: "refuse", waitMs };
  if (allowance.leased > 0 && isWithin(now, allowance.leasedFrom, allowance.leasedUntil)) {
    allowance.leased--;
    return { do: "pass", waitMs };
  }
  // Where nobody answered, one request at a time finds out whether somebody does again.
  if (isFailing(allowance) && (isAsked || isWithin(now, allowance.failedAt, allowance.failedAt + PAUSE_MS))) {
    return { do: "pass", waitMs };
  }
  // Of several that ask at once, one asks for all that come later.
  allowance.askedAt = now;
  return { do: "ask", want: isAsked ? 1 : demand, waitMs };
}

/**
 * Notes an answer to who asked at `askedAt`.
 *
 * @param now when it came
 */
export function noteGrant(allowance: Allowance, limit: Limit, grant: Grant, askedAt: number, now: number): void {
  allowance.answeredAt = now;
  if (now - askedAt < ASK_DEADLINE_MS) allowance.failedAt = NEVER;
  if (grant.granted === 0) {
    noteRefusal(allowance, limit, grant.waitMs, askedAt, now);
    return;
  }
  allowance.refusals = Math.max(0, allowance.refusals - 1);
  const until = askedAt + leaseMs(limit);
  if (grant.granted === 1 || !isWithin(now, askedAt, until)) return;
  const isAlive = allowance.leased > 0 && isWithin(now, allowance.leasedFrom, allowance.leasedUntil);
  allowance.leased = grant.granted - 1 + (isAlive ? allowance.leased : 0);
  allowance.leasedUntil = isAlive ? Math.min(until, allowance.leasedUntil) : until;
  allowance.leasedFrom = askedAt;
}

/** A refusal holds until a request could wait for the next token; longer, where that one was in vain as well. */
function noteRefusal(allowance: Allowance, limit: Limit, waitMs: number, askedAt: number, now: number): void {
  if (!isWithin(askedAt, allowance.refusedAt, allowance.refusedUntil + PRESSED_MS)) allowance.refusals = 1;
  else if (askedAt >= allowance.refusedUntil) allowance.refusals++;
  const holdMs = allowance.refusals > 1 ? Math.min(LONGEST_HOLD_MS, HOLD_MS * 2 ** (allowance.refusals - 2)) : 0;
  allowance.refusedAt = now;
  allowance.tokenAt = now + waitMs;
  allowance.refusedUntil = Math.max(allowance.tokenAt - limit.maxWaitMs, now + holdMs);
}

/** Notes that a question got no answer in time. */
export function noteFailure(allowance: Allowance, now: number): void {
  allowance.answeredAt = now;
  allowance.failedAt = now;
}

/** Counts a request. @returns how many come in the time of a lease, this one included */
function countRequest(allowance: Allowance, windowMs: number, now: number): number {
  const age = now - allowance.countedFrom;
  if (age < 0 || age >= windowMs) {
    allowance.countBefore = age >= 0 && age < 2 * windowMs ? allowance.count : 0;
    allowance.count = 0;
    allowance.countedFrom = now;
  }
  allowance.count++;
  return Math.max(allowance.count, allowance.countBefore);
}

const isFailing = ({ failedAt }: Allowance): boolean => failedAt !== NEVER;

/** A clock that went back to before the begin ends it as well. */
const isWithin = (now: number, from: number, until: number): boolean => now >= from && now < until;
