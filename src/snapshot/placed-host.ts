import { type Bucket, packBucket } from "./bucket.ts";
import { fnv1a32 } from "./fnv1a32.ts";
import { LeafDraft, packRoutes } from "./leaf-draft.ts";
import type { RouteUnit } from "./route-unit.ts";
import { type PathPlacement, type PathRange, splitHost } from "./split-host.ts";

/** A host key with more bytes of routes than this is split by path, one with fewer than the second no longer. */
const SPLIT_ABOVE_BYTES = 96 * 1024;
const UNSPLIT_BELOW_BYTES = 48 * 1024;
/** Of a name that DNS can hold, with `*.`. The root names each host that is split, and everybody reads the root. */
const LONGEST_HOST = 255;

/** A router under one of its host keys; without a path where its rule requires none. */
export interface Placement {
  readonly unit: RouteUnit;
  readonly path: PathPlacement["path"] | undefined;
}

export interface SplitHost {
  readonly from: readonly string[];
  readonly leaves: readonly Bucket[];
}

interface Range {
  readonly units: ReadonlySet<RouteUnit>;
  readonly bucket: Bucket;
}

/** The routes of one host key, in a bucket that it shares with others, and in ranges by path when there are many. */
export class PlacedHost {
  readonly key: string;
  readonly hash: number;
  /** Bytes of what is in the shared bucket. */
  bytes = 0;
  /** What is in the shared bucket. */
  units: readonly RouteUnit[] = [];
  split: SplitHost | undefined;
  #placements: readonly Placement[] = [];
  /** Nearly no host is split. */
  #ranges: ReadonlyMap<string, Range> | undefined;

  constructor(key: string) {
    this.key = key;
    this.hash = fnv1a32(key);
  }

  get isEmpty(): boolean {
    return this.#placements.length === 0;
  }

  exchange(gone: ReadonlySet<RouteUnit>, come: readonly Placement[]): void {
    const kept = gone.size === 0 ? this.#placements : this.#placements.filter(({ unit }) => !gone.has(unit));
    this.#placements = kept.concat(come);
  }

  /** Shares the routes out between the common bucket and ranges. @param wasSplit whether the root before had ranges */
  place(wasSplit: boolean, hash: (text: string) => string): void {
    const all = new Set(this.#placements.map(({ unit }) => unit));
    const bytes = bytesOf(all);
    const isLarge = bytes > (wasSplit ? UNSPLIT_BELOW_BYTES : SPLIT_ABOVE_BYTES);
    const ranges = isLarge && this.key.length <= LONGEST_HOST ? this.#cut(bytes) : [];
    if (ranges.length < 2) {
      this.units = [...all];
      this.bytes = bytes;
      this.split = undefined;
      this.#ranges = undefined;
      return;
    }
    const rest = new Set(this.#placements.filter(({ path }) => path === undefined).map(({ unit }) => unit));
    this.units = [...rest];
    this.bytes = bytesOf(rest);
    this.split = { from: ranges.map(({ from }) => from), leaves: this.#pack(ranges, hash) };
  }

  #cut(bytes: number): PathRange[] {
    const withPath = this.#placements.flatMap(({ unit, path }) => (path === undefined ? [] : [{ unit, path }]));
    return splitHost(withPath, bytes);
  }

  /** Packs the ranges that are others than before. */
  #pack(ranges: readonly PathRange[], hash: (text: string) => string): Bucket[] {
    const packed = new Map<string, Range>();
    const buckets = ranges.map(({ from, units }) => {
      const known = this.#ranges?.get(from);
      const isKnown = known?.units.size === units.length && units.every((unit) => known.units.has(unit));
      const range = isKnown ? known : { units: new Set(units), bucket: packBucket(() => packRoutes(units), hash) };
      packed.set(from, range);
      return range.bucket;
    });
    this.#ranges = packed;
    return buckets;
  }
}

function bytesOf(units: Iterable<RouteUnit>): number {
  const draft = new LeafDraft();
  for (const unit of units) draft.add(unit);
  return draft.isEmpty ? 0 : draft.bytes;
}
