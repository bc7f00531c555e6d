import { utf8Length } from "./canonical-json.ts";
import { leafHashes } from "./leaf-keys.ts";

/** The leaves of one bucket. Their texts are not kept: they are in the parts that they are written from. */
export interface Bucket {
  /** The hashes of its leaves, joined as in the root. */
  readonly name: string;
  /** UTF-8 bytes of its largest leaf. */
  readonly largestBytes: number;
  /** @returns the texts of its leaves, in the order of `name` */
  write(): readonly string[];
}

/**
 * Names a bucket's leaves.
 *
 * @param write gives the leaves' texts, the same ones for as long as the bucket is used
 * @param hash the content hash of a text
 */
export function packBucket(write: () => readonly string[], hash: (text: string) => string): Bucket {
  const texts = write();
  return { name: texts.map(hash).join(""), largestBytes: Math.max(0, ...texts.map(utf8Length)), write };
}

/** The leaves of a bucket, by hash. */
export function leavesOf(bucket: Bucket): [hash: string, text: string][] {
  const texts = bucket.write();
  return leafHashes(bucket.name).map((name, index) => [name, texts[index] ?? ""]);
}
