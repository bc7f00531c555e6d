/** Characters of a content hash: 96 bits of SHA-256 as base64url. */
export const HASH_LENGTH = 16;

/** Bytes that a leaf may have at most. */
export const MAX_LEAF_BYTES = 128 * 1024;

/** KV's key of a leaf. */
export const leafKey = (hash: string): string => `leaf/${hash}`;

/** KV's key of a root. */
export const rootKey = (hash: string): string => `root/${hash}`;

/** KV's key of the pointer where there is no beacon. */
export const pointerKey = (publisher: string): string => `pointer/${publisher}`;

/** Whether a text has the form of a content hash. */
export const isHash = (text: string): boolean => /^[A-Za-z0-9_-]{16}$/.test(text);

/** @returns the hashes of a bucket's leaves, none for an empty bucket */
export function leafHashes(bucket: string): string[] {
  const hashes: string[] = [];
  for (let start = 0; start < bucket.length; start += HASH_LENGTH) {
    hashes.push(bucket.slice(start, start + HASH_LENGTH));
  }
  return hashes;
}

/** @returns KV's keys of a bucket's leaves */
export const leafKeys = (bucket: string): string[] => leafHashes(bucket).map(leafKey);
