import type { Endpoints } from "../table/service.ts";
import type { TableChanges } from "../table/table-changes.ts";
import { type Bucket, packBucket } from "./bucket.ts";
import { chooseBucketCount } from "./bucket-count.ts";
import { BucketFill } from "./bucket-fill.ts";
import { fnv1a32 } from "./fnv1a32.ts";
import { fitsEndpointLeaf, packEndpoints } from "./leaf-draft.ts";
import { MAX_LEAF_BYTES } from "./leaf-keys.ts";
import { type Fragment, toFragment } from "./route-unit.ts";

const ENDPOINT_BUCKETS = { leafBytes: 8 * 1024, minimum: 4, rootBytes: 20 * 1024 };

/** The shortest, `{"address":"1.1.1.1","port":1,"state":"ready"}` with a comma, has 46 bytes: of more no leaf holds all. */
const MOST_ENDPOINTS = Math.floor(MAX_LEAF_BYTES / 46);

interface Entry {
  readonly fragment: Fragment;
  readonly hash: number;
  readonly bytes: number;
}

/**
 * Shards endpoints by their key into many small buckets, so that a Pod's coming and going rewrites one small leaf.
 * Of a Service with more endpoints than a leaf can hold the first are kept, ready ones before terminating ones, and
 * its key is named in `cut`.
 */
export class PlacedEndpoints {
  readonly #hash: (text: string) => string;
  readonly #entries = new Map<string, Entry>();
  readonly #fill = new BucketFill(() => this.#entries.values());
  readonly #cut = new Set<string>();
  #members: Map<string, Fragment>[] = [];
  #buckets: (Bucket | undefined)[] = [];

  constructor(hash: (text: string) => string) {
    this.#hash = hash;
  }

  /** The keys whose endpoints do not all fit, in order. */
  get cut(): string[] {
    return [...this.#cut].sort();
  }

  change({ put, removed }: TableChanges["endpoints"]): void {
    for (const key of removed) this.#remove(key);
    for (const [key, value] of Object.entries(put)) {
      this.#remove(key);
      const whole = value.endpoints.length > MOST_ENDPOINTS ? undefined : toFragment(key, value);
      const isWhole = whole !== undefined && fitsEndpointLeaf(whole);
      if (!isWhole) this.#cut.add(key);
      const fragment = isWhole ? whole : cutToFit(key, value);
      const entry = { fragment, hash: fnv1a32(key), bytes: fragment.bytes };
      this.#entries.set(key, entry);
      this.#fill.change(entry.hash, entry.bytes);
      this.#open(entry.hash)?.set(key, fragment);
    }
  }

  /** @param current the number of buckets before, kept while it fits */
  place(current: number | undefined): readonly Bucket[] {
    const count = chooseBucketCount(this.#fill, ENDPOINT_BUCKETS, current);
    if (count !== this.#members.length) this.#shard(count);
    return this.#members.map((members, index) => {
      const bucket = this.#buckets[index] ?? packBucket(() => packEndpoints([...members.values()]), this.#hash);
      this.#buckets[index] = bucket;
      return bucket;
    });
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#cut.delete(key);
    this.#fill.change(entry.hash, -entry.bytes);
    this.#open(entry.hash)?.delete(key);
  }

  /** The members of a bucket that is to be packed again. */
  #open(hash: number): Map<string, Fragment> | undefined {
    if (this.#members.length === 0) return undefined;
    const index = hash & (this.#members.length - 1);
    this.#buckets[index] = undefined;
    return this.#members[index];
  }

  #shard(count: number): void {
    this.#members = Array.from({ length: count }, () => new Map());
    this.#buckets = [];
    for (const [key, { fragment, hash }] of this.#entries) this.#members[hash & (count - 1)]?.set(key, fragment);
  }
}

function cutToFit(key: string, value: Endpoints): Fragment {
  const ready = value.endpoints.filter(({ state }) => state === "ready");
  const ordered = [...ready, ...value.endpoints.filter(({ state }) => state !== "ready")];
  for (let kept = Math.min(ordered.length >> 1, MOST_ENDPOINTS); ; kept >>= 1) {
    const entry = toFragment(key, { ...value, endpoints: ordered.slice(0, kept) });
    if (kept === 0 || fitsEndpointLeaf(entry)) return entry;
  }
}
