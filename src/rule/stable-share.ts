import { fnv1a32 } from "../snapshot/fnv1a32.ts";

/** Where a client stands among all: at least 0 and below 100, evenly spread, and for the same key always the same. */
export function stableShare(key: string): number {
  // The last step of MurmurHash3: FNV leaves keys that end alike close together.
  let hash = fnv1a32(key);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}
