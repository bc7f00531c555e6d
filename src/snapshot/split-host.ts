import { fnv1a32 } from "./fnv1a32.ts";
import { LeafDraft } from "./leaf-draft.ts";
import type { RouteUnit } from "./route-unit.ts";

/** A router by the path that its rule requires. */
export interface PathPlacement {
  readonly unit: RouteUnit;
  readonly path: { readonly kind: "exact" | "prefix"; readonly value: string };
}

export interface PathRange {
  /** The smallest routing path of the range; `` for the first. */
  readonly from: string;
  readonly units: readonly RouteUnit[];
}

const MINIMUM_RANGE_BYTES = 16 * 1024;
/** For a host above the second bound: fewer and fuller ranges, so that the root stays small. */
const MINIMUM_RANGE_BYTES_OF_HUGE_HOST = 72 * 1024;
const HUGE_HOST_BYTES = 32 * 1024 * 1024;
const MAXIMUM_RANGE_BYTES = 96 * 1024;
/** Letters of a range's first path: the root holds them all, and everybody reads the root. */
const LONGEST_FROM = 100;
/** One path in this many begins a new range, beside what the bounds above ask for. */
const BOUNDARY_MASK = 0x3f;

/**
 * Cuts the routes of one host into ranges of paths. Where to cut depends on the paths near the cut alone
 * (content-defined chunking), so that an added route moves no far range.
 *
 * For every path, the range with the greatest `from` not after it holds every router whose literal is that path, or
 * a prefix of it where the kind is `prefix`: a literal inside the range is there by itself, and a smaller one that is
 * a prefix of some path in the range is a proper prefix of `from`, and copied.
 *
 * @param hostBytes what all of the host's routes take together
 */
export function splitHost(placements: readonly PathPlacement[], hostBytes: number): PathRange[] {
  const minimum = hostBytes > HUGE_HOST_BYTES ? MINIMUM_RANGE_BYTES_OF_HUGE_HOST : MINIMUM_RANGE_BYTES;
  const groups = groupByLiteral(placements);
  const ranges: { from: string; units: RouteUnit[] }[] = [];
  let draft = new LeafDraft();
  let previous = "";
  for (const { literal, placed } of groups) {
    const last = ranges.at(-1);
    const cost = placed.reduce((sum, { unit }) => sum + draft.costOf(unit), 0);
    const isBoundary = draft.bytes >= minimum && (fnv1a32(literal) & BOUNDARY_MASK) === 0;
    const isFull = isBoundary || draft.bytes + cost > MAXIMUM_RANGE_BYTES;
    const from = last === undefined ? "" : isFull ? shortestBetween(previous, literal) : undefined;
    // Paths that differ only far behind stay in one range, which then has several leaves.
    if (from !== undefined && from.length <= LONGEST_FROM) {
      ranges.push({ from, units: [] });
      draft = new LeafDraft();
    }
    for (const { unit } of placed) {
      draft.add(unit);
      ranges.at(-1)?.units.push(unit);
    }
    previous = literal;
  }

  const prefixes = new Map(
    groups.map(({ literal, placed }) => [literal, placed.filter(({ path }) => path.kind === "prefix")]),
  );
  return ranges.map(({ from, units }) => {
    const copied: RouteUnit[] = [];
    for (let length = 0; length < from.length; length++) {
      for (const { unit } of prefixes.get(from.slice(0, length)) ?? []) copied.push(unit);
    }
    return { from, units: [...new Set([...copied, ...units])] };
  });
}

/** @returns the index of the range for a path: the last whose `from` is not after it */
export function findRange(from: readonly string[], path: string): number {
  let low = 0;
  let high = from.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((from[middle] as string) <= path) low = middle;
    else high = middle - 1;
  }
  return low;
}

function groupByLiteral(placements: readonly PathPlacement[]): { literal: string; placed: PathPlacement[] }[] {
  const groups = new Map<string, PathPlacement[]>();
  for (const placement of placements) {
    const group = groups.get(placement.path.value);
    if (group === undefined) groups.set(placement.path.value, [placement]);
    else group.push(placement);
  }
  return [...groups]
    .map(([literal, placed]) => ({ literal, placed }))
    .sort((a, b) => (a.literal < b.literal ? -1 : a.literal > b.literal ? 1 : 0));
}

/** @returns the shortest text that is after `low` and not after `high`, given that `low` is before `high` */
function shortestBetween(low: string, high: string): string {
  let common = 0;
  while (low[common] !== undefined && low[common] === high[common]) common++;
  return high.slice(0, common + 1);
}
