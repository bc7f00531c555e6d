/** Weights are clamped to this (Kubernetes' int32), so that any sum of them is exact. */
const MAX_WEIGHT = 2 ** 31 - 1;
const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;
/** Up to this total the product of a position and a stride is exact. */
const MAX_EXACT_TOTAL = Math.floor(Math.sqrt(Number.MAX_SAFE_INTEGER));
/** How far from the golden section a stride is looked for. */
const MAX_DISTANCE = 64;
/** 6 is the one total whose only coprimes, 1 and 5, would put a child's turns in a row. */
const ORDER_OF_SIX = [0, 4, 2, 5, 3, 1];

/**
 * A repeating order of turns in which child `i` has `weights[i]` of every `total` turns, spread evenly.
 *
 * Turn k takes residue `k * stride mod total`, and each child owns as many adjacent residues as its weight. The
 * stride is coprime to the total, so any window of `total` turns takes each residue once, and near the golden
 * section of it, so the turns of an interval of residues lie far apart. Nothing is laid out in memory, however large
 * the weights.
 */
export interface Cycle {
  /** Turns after which it repeats: the sum of the weights, divided by their greatest common divisor. 0: no child. */
  readonly total: number;
  readonly stride: number;
  /** `ends[i]` is the first residue behind child i's. */
  readonly ends: readonly number[];
}

/** @param weights not negative; fractions are cut off, and a child of weight 0 has no turn. */
export function createCycle(weights: readonly number[]): Cycle {
  const whole = weights.map((weight) => Math.trunc(Math.min(Math.max(weight, 0), MAX_WEIGHT)) || 0);
  const divisor = whole.reduce(greatestCommonDivisor, 0) || 1;
  let total = 0;
  const ends = whole.map((weight) => {
    total += weight / divisor;
    return total;
  });
  return { total, stride: goldenStride(total), ends };
}

/**
 * The child whose turn it is.
 *
 * @param position a turn's number, not negative
 * @returns the child's index, or undefined when no child has a weight
 */
export function pick(cycle: Cycle, position: number): number | undefined {
  if (cycle.total === 0) return undefined;
  const residue = residueAt(cycle, position % cycle.total);
  let low = 0;
  let high = cycle.ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (residue < (cycle.ends[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function residueAt({ total, stride }: Cycle, turn: number): number {
  if (total === ORDER_OF_SIX.length) return ORDER_OF_SIX[turn] ?? 0;
  if (total <= MAX_EXACT_TOTAL) return (turn * stride) % total;
  return Number((BigInt(turn) * BigInt(stride)) % BigInt(total));
}

/**
 * A number coprime to the total and near its golden section. Of the candidates, the one whose ratio to the total has
 * the smallest terms as a continued fraction: a large term means that turns fall into clumps (three-gap theorem).
 */
function goldenStride(total: number): number {
  const section = Math.round(total / GOLDEN_RATIO);
  let stride = 1;
  let smallestTerm = Number.POSITIVE_INFINITY;
  for (let distance = 0; distance <= MAX_DISTANCE; distance++) {
    for (const candidate of [section + distance, section - distance]) {
      if (candidate < 1 || candidate >= total) continue;
      const term = largestTerm(candidate, total);
      if (term < smallestTerm) [stride, smallestTerm] = [candidate, term];
    }
  }
  return stride;
}

/** The largest term of numerator/denominator as a continued fraction; infinite when the two are not coprime. */
function largestTerm(numerator: number, denominator: number): number {
  let largest = 0;
  let [a, b] = [denominator, numerator];
  while (b !== 0) {
    const remainder = a % b;
    const term = (a - remainder) / b;
    largest = Math.max(largest, remainder === 0 ? term - 1 : term);
    [a, b] = [b, remainder];
  }
  return a === 1 ? largest : Number.POSITIVE_INFINITY;
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
