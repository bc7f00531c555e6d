import { type Cycle, createCycle, pick } from "./weighted-cycle.ts";

/** Starts are drawn from so many positions that none is favoured, whatever a cycle's length. */
const STARTS = 2 ** 48;
/** Sets of children that can serve for which a rotation keeps a cycle. */
const MAX_PARTIAL_CYCLES = 32;
/** Parts of a percent that a share is exact to. */
const PARTS_OF_PERCENT = 10_000;

/** A cycle with the place that this isolate has reached in it. */
export interface Rotation {
  readonly weights: readonly number[];
  readonly cycle: Cycle;
  position: number;
  /** Cycles of the children that can serve when some cannot, by the indexes of those that cannot. */
  readonly partial: Map<string, Cycle>;
}

/**
 * A rotation that starts at a random place: isolates are many and live for a few requests, so that cycles which
 * all began alike would starve the light children.
 *
 * @param random a number from 0 (included) to 1 (excluded)
 */
export function createRotation(weights: readonly number[], random: number): Rotation {
  return { weights, cycle: createCycle(weights), position: Math.floor(random * STARTS), partial: new Map() };
}

/**
 * Takes the next turn among the children that can serve.
 *
 * @returns a child's index, or undefined when no child with a weight can serve
 */
export function nextChild(rotation: Rotation, canServe: (child: number) => boolean): number | undefined {
  let absent: string | undefined;
  for (let child = 0; child < rotation.weights.length; child++) {
    if ((rotation.weights[child] ?? 0) > 0 && !canServe(child))
      absent = absent === undefined ? `${child}` : `${absent},${child}`;
  }
  const cycle = absent === undefined ? rotation.cycle : partialCycle(rotation, absent);
  return pick(cycle, rotation.position++);
}

function partialCycle({ weights, partial }: Rotation, absent: string): Cycle {
  let cycle = partial.get(absent);
  if (cycle === undefined) {
    const left = weights.slice();
    for (const child of absent.split(",")) left[Number(child)] = 0;
    cycle = createCycle(left);
    if (partial.size >= MAX_PARTIAL_CYCLES) partial.clear();
    partial.set(absent, cycle);
  }
  return cycle;
}

/** A rotation that is due `percent` of 100 times: 50 is every second time. From 0 to 100, fractions allowed. */
export function createShare(percent: number, random: number): Rotation {
  const parts = Math.round(Math.min(Math.max(percent, 0), 100) * PARTS_OF_PERCENT);
  return createRotation([parts, 100 * PARTS_OF_PERCENT - parts], random);
}

/** Takes a share's next turn, and tells whether it is due. */
export const isDue = (share: Rotation): boolean => pick(share.cycle, share.position++) === 0;
