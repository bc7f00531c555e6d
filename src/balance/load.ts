/** What is known of the requests to one endpoint. Times in milliseconds. */
export interface Load {
  inFlight: number;
  /** Mean time to the begin of an answer, over the last ones. */
  meanMs: number;
  samples: number;
  /** When the last answer came. */
  lastAt: number;
}

/** As many as Traefik's `leasttime` looks back. */
const MAX_SAMPLES = 100;
/** An endpoint that nobody asks is forgiven half of its slowness in this time, so that it is asked again. */
const HALF_LIFE_MS = 10_000;
/** What a failed answer counts for at the least: one that fails fast would get all requests otherwise. */
const FAILED_MS = 1_000;

/** What a clock cannot tell apart: without it who answers at once could have any number of requests waiting. */
const CLOCK_MS = 1;

export const createLoad = (): Load => ({ inFlight: 0, meanMs: 0, samples: 0, lastAt: 0 });

/** Takes in that an answer began after so long. */
export function noteAnswer(load: Load, ms: number, hasFailed: boolean, now: number): void {
  const time = hasFailed ? Math.max(ms, FAILED_MS) : Math.max(ms, 0);
  load.samples = Math.min(load.samples + 1, MAX_SAMPLES);
  load.meanMs += (time - load.meanMs) / load.samples;
  load.lastAt = now;
}

/** The mean time, less what has been forgiven since; 0 while nothing is known. */
export function expectedMs({ meanMs, lastAt, samples }: Load, now: number): number {
  return samples === 0 ? 0 : meanMs * 2 ** (-Math.max(now - lastAt, 0) / HALF_LIFE_MS);
}

/**
 * Those that are expected to answer soonest, by Traefik's `leasttime`: the lowest mean time times the requests that would
 * then be under way. One that nothing is known of is asked at once, and no second time before it has answered while
 * another is free.
 *
 * @returns indexes among the loads; several when they are equal
 */
export function soonest(loads: readonly Load[], now: number, canServe: (endpoint: number) => boolean): number[] {
  let lowest = Number.POSITIVE_INFINITY;
  let picked: number[] = [];
  let fastest = Number.POSITIVE_INFINITY;
  for (const load of loads) if (load.samples > 0) fastest = Math.min(fastest, expectedMs(load, now));
  const ofUnknown = Number.isFinite(fastest) ? fastest : 0;
  for (const [endpoint, load] of loads.entries()) {
    if (!canServe(endpoint)) continue;
    const isUnasked = load.samples === 0 && load.inFlight === 0;
    const ms = load.samples === 0 ? ofUnknown : expectedMs(load, now);
    const score = isUnasked ? 0 : (ms + CLOCK_MS) * (1 + load.inFlight);
    if (score > lowest) continue;
    if (score < lowest) picked = [];
    lowest = score;
    picked.push(endpoint);
  }
  return picked;
}

/**
 * Of two taken at random, the one with fewer requests under way (Mitzenmacher, "The power of two choices").
 *
 * @param random numbers from 0 (included) to 1 (excluded)
 */
export function lessBusyOfTwo(
  loads: readonly Load[],
  canServe: (endpoint: number) => boolean,
  random: () => number,
): number | undefined {
  const able = loads.flatMap((_, endpoint) => (canServe(endpoint) ? [endpoint] : []));
  if (able.length <= 1) return able[0];
  const first = Math.floor(random() * able.length);
  const second = (first + 1 + Math.floor(random() * (able.length - 1))) % able.length;
  const [one, other] = [able[first] ?? 0, able[second] ?? 0];
  return (loads[other]?.inFlight ?? 0) < (loads[one]?.inFlight ?? 0) ? other : one;
}
