import { expectedMs, type Load } from "./load.ts";

/** What a rotation with weights of its own finding keeps of one endpoint. */
export interface Standing {
  /** How much it was trusted at `since`, from `LEAST` to 1. */
  trust: number;
  since: number;
  /** How much it is owed: smooth weighted round robin. */
  credit: number;
}

/** An endpoint is never left without requests: nobody would see that it is well again. */
const LEAST = 1 / 16;
/** From the least trust to full trust, in milliseconds. */
const RECOVERY_MS = 30_000;
/** An endpoint may be so many times as slow as the fastest before it gets less. */
const SLOW = 2;

/** @param isNew whether others were there before it: it begins with few requests, and gets more as it warms up */
export const createStanding = (now: number, isNew: boolean): Standing => ({
  trust: isNew ? LEAST : 1,
  since: now,
  credit: 0,
});

const trustAt = ({ trust, since }: Standing, now: number): number =>
  Math.min(1, trust + Math.max(now - since, 0) / RECOVERY_MS);

/** Halves what it gets; it comes back by itself. */
export function noteFailure(standing: Standing, now: number): void {
  standing.trust = Math.max(LEAST, trustAt(standing, now) / 2);
  standing.since = now;
}

/** Its share of the turns beside others of full weight, from `LEAST` to 1. */
export function weightOf(standing: Standing, load: Load, fastestMs: number, now: number): number {
  const ms = expectedMs(load, now);
  const speed = ms > fastestMs * SLOW && fastestMs > 0 ? (fastestMs * SLOW) / ms : 1;
  return Math.max(LEAST, trustAt(standing, now) * speed);
}

/**
 * Whose turn it is: each is owed its weight at every turn, and whoever is owed most goes and pays the sum. Over many turns
 * each gets its share, and its turns lie far apart.
 *
 * @returns an index; undefined when none can serve
 */
export function takeTurn(
  standings: readonly Standing[],
  weights: readonly number[],
  canServe: (endpoint: number) => boolean,
): number | undefined {
  let [picked, sum] = [undefined as number | undefined, 0];
  for (const [endpoint, standing] of standings.entries()) {
    const weight = weights[endpoint] ?? 0;
    if (weight <= 0 || !canServe(endpoint)) continue;
    standing.credit += weight;
    sum += weight;
    if (picked === undefined || standing.credit > (standings[picked]?.credit ?? 0)) picked = endpoint;
  }
  const going = picked === undefined ? undefined : standings[picked];
  if (going !== undefined) going.credit -= sum;
  return picked;
}
