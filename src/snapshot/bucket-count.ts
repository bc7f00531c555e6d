import type { BucketFill } from "./bucket-fill.ts";
import { MAX_LEAF_BYTES } from "./leaf-keys.ts";

/** Quotes, comma and the hash of one leaf in the root. */
const BUCKET_BYTES = 19;
const FURTHER_LEAF_BYTES = 16;

export interface BucketAim {
  /** Bytes that a bucket's leaf should have on average. */
  leafBytes: number;
  /** The fewest buckets. A power of two. */
  minimum: number;
  /** Bytes of the root that the list of buckets may take; fewer and fuller buckets are made to keep within. */
  rootBytes: number;
}

/**
 * How many buckets a list of sized things is sharded into. Stays with `current` unless that is off by a factor of
 * four or more, or takes too much of the root, so that the number does not flap (changing it rewrites every leaf).
 *
 * @returns a power of two
 */
export function chooseBucketCount(fill: BucketFill, aim: BucketAim, current: number | undefined): number {
  const { total } = fill;
  let count = aim.minimum;
  while (total / count > aim.leafBytes) count *= 2;
  if (current !== undefined && current > count / 4 && current < count * 4) count = current;

  let best = count;
  let bestBytes = bytesInRoot(fill.filled(count));
  for (let fewer = count / 2; bestBytes > aim.rootBytes && fewer >= aim.minimum; fewer /= 2) {
    const bytes = bytesInRoot(fill.filled(fewer));
    if (bytes < bestBytes) {
      best = fewer;
      bestBytes = bytes;
    }
  }
  return best;
}

function bytesInRoot(filled: Float64Array): number {
  let bytes = 0;
  for (const fill of filled) {
    bytes += BUCKET_BYTES + Math.max(0, Math.ceil(fill / MAX_LEAF_BYTES) - 1) * FURTHER_LEAF_BYTES;
  }
  return bytes;
}
