/** Something that is placed in a bucket by its hash. */
export interface SizedItem {
  readonly hash: number;
  readonly bytes: number;
}

/** How full buckets are, for any number of them. */
export class BucketFill {
  readonly #items: () => Iterable<SizedItem>;
  readonly #filled = new Map<number, Float64Array>();
  #total: number | undefined;

  /** @param items all that is placed; whoever changes what it gives says so by `change` */
  constructor(items: () => Iterable<SizedItem>) {
    this.#items = items;
  }

  /** Bytes of all items. */
  get total(): number {
    if (this.#total === undefined) {
      this.#total = 0;
      for (const { bytes } of this.#items()) this.#total += bytes;
    }
    return this.#total;
  }

  /** The bytes in each of `count` buckets, a power of two of them. */
  filled(count: number): Float64Array {
    let filled = this.#filled.get(count);
    if (filled === undefined) {
      filled = new Float64Array(count);
      for (const { hash, bytes } of this.#items()) addTo(filled, hash, bytes);
      this.#filled.set(count, filled);
    }
    return filled;
  }

  /** An item has grown by so many bytes, come with them, or gone. */
  change(hash: number, bytes: number): void {
    if (this.#total !== undefined) this.#total += bytes;
    for (const filled of this.#filled.values()) addTo(filled, hash, bytes);
  }
}

function addTo(filled: Float64Array, hash: number, bytes: number): void {
  const bucket = hash & (filled.length - 1);
  filled[bucket] = (filled[bucket] ?? 0) + bytes;
}
