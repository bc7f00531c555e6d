import type { Endpoints } from "../table/service.ts";
import { type Pointer, pointerSchema, type Root } from "../table/snapshot.ts";
import { createClosedLog } from "./closed-log.ts";
import { findEndpointBucket, findRouteBuckets, indexRoot } from "./find-buckets.ts";
import { HASH_LENGTH, leafHashes, pointerKey, rootKey } from "./leaf-keys.ts";
import { type LeafKind, LeafLoader, type LeafLoaderOptions } from "./leaf-loader.ts";
import type { LoadedLeaf } from "./leaf-memory.ts";
import { parseRoot } from "./parse-root.ts";
import { RecentHosts } from "./recent-hosts.ts";
import { isNewer, type Snapshot, SnapshotHistory } from "./snapshot-history.ts";
import { MAX_KEYS_PER_GET, TreeStore, type TreeStoreOptions } from "./tree-store.ts";

export interface SnapshotReaderOptions<R> extends TreeStoreOptions, LeafLoaderOptions<R> {
  /** Whose table is read; pointers of others are ignored. */
  publisher: string;
  /** Snapshots kept at most, and hosts whose last answer is remembered while there are several. */
  maxSnapshots?: number;
  maxFloors?: number;
}

/** What one request is answered from: all of it from the root that `pointer` names. */
export type Resolution<T> =
  | { readonly value: T; readonly pointer: Pointer; readonly endpoints: (key: string) => Endpoints | undefined }
  | undefined;

/** What a request needs beyond its routes, found by matching. */
interface Choice<T> {
  value: T;
  /** Keys of endpoints that the request may need. */
  endpoints: readonly string[];
}

export type Choose<R, T> = (routes: readonly R[], root: Root) => Choice<T>;

type Attempt<T> =
  | { resolution: NonNullable<Resolution<T>>; endpoints: readonly string[] }
  | { missing: readonly string[]; kind: LeafKind };

type Leaves<R> = ReadonlyMap<string, LoadedLeaf<R>>;

/** A root over both of these against the one before it is taken for a mistake, and refused. */
const SUSPECT_ROOT_CHARACTERS = 64 * 1024;
const SUSPECT_ROOT_GROWTH = 4;

const noEndpoints = (): undefined => undefined;

/**
 * Answers requests from the newest snapshot whose leaves it can read, else from an older one; for one host never from
 * an older one after a newer one. Holds no promise beyond the call that made it.
 */
export class SnapshotReader<R> {
  readonly #options: SnapshotReaderOptions<R>;
  readonly #store: TreeStore;
  readonly #leaves: LeafLoader<R>;
  readonly #history: SnapshotHistory;
  readonly #recent = new RecentHosts();
  readonly #tellClosed: ReturnType<typeof createClosedLog>;
  #lastGoodPointer: Pointer | undefined;

  constructor(options: SnapshotReaderOptions<R>) {
    this.#options = options;
    this.#store = new TreeStore(options);
    this.#leaves = new LeafLoader(this.#store, options);
    this.#history = new SnapshotHistory(options);
    this.#tellClosed = createClosedLog(options.report);
  }

  /** The newest generation adopted; undefined before the first. */
  get pointer(): Pointer | undefined {
    return this.#history.newest?.pointer;
  }

  /** For operators. `bytes` are characters of leaf text. */
  status(): {
    pointer: Pointer | undefined;
    snapshots: Pointer[];
    leaves: number;
    bytes: number;
    unreadable: number;
    hostsWithFloor: number;
  } {
    return {
      pointer: this.pointer,
      snapshots: this.#history.snapshots.map(({ pointer }) => pointer),
      leaves: this.#leaves.memory.size,
      bytes: this.#leaves.memory.bytes,
      unreadable: this.#store.unreadableCount,
      hostsWithFloor: this.#history.floors,
    };
  }

  /** The root that requests are answered from first; undefined before the first. */
  get root(): Root | undefined {
    return this.#history.newest?.index.root;
  }

  /**
   * Learns of a pointer and adopts its root if it is newer and sound; else the last good one stays, and a report says
   * why. An isolate that has none yet takes the last good one of its data centre.
   *
   * @returns whether it was adopted: then `prefetch` is worth running after the response
   */
  async offer(pointer: Pointer): Promise<boolean> {
    if (pointer.publisher !== this.#options.publisher) {
      const key = pointerKey(pointer.publisher);
      if (this.#store.unreadable(key) === undefined) {
        this.#store.markBroken(key, "pointer-of-other-publisher", `this Worker serves ${this.#options.publisher}`);
      }
      return false;
    }
    const newest = this.#history.newest;
    if (newest !== undefined && !isNewer(pointer, newest.pointer)) return false;
    if (await this.#adopt(pointer)) return true;
    if (this.pointer === undefined) await this.recover();
    return false;
  }

  /** Takes the last good pointer of the data centre, for an isolate that cannot learn the current one. */
  async recover(): Promise<boolean> {
    const text = await this.#options.lastGood?.get(pointerKey(this.#options.publisher)).catch(() => undefined);
    if (text === undefined) return false;
    const parsed = pointerSchema.safeParse(parseJson(text));
    if (!parsed.success || parsed.data.publisher !== this.#options.publisher) return false;
    const newest = this.#history.newest;
    if (newest !== undefined && !isNewer(parsed.data, newest.pointer)) return false;
    return this.#adopt(parsed.data);
  }

  /**
   * Finds what a request needs, in at most two rounds of reads once its root is known. Returns no promise when all of
   * it is in memory.
   *
   * @param host in the form of `RequestFacts.host`
   * @param path the routing path
   * @param choose matches the request; pure, since it may be called for more than one snapshot
   * @returns undefined when no snapshot can be read for this host
   */
  resolve<T>(host: string, path: string, choose: Choose<R, T>): Resolution<T> | Promise<Resolution<T>> {
    const newest = this.#history.newest;
    if (newest === undefined) return undefined;
    const attempt = this.#attempt(newest, host, path, choose, undefined);
    if ("resolution" in attempt) return this.#settle(newest, host, path, attempt);
    return this.#resolveReading(host, path, choose);
  }

  /**
   * Loads what the recently asked hosts need of the newest snapshot. When all of it is there, the older ones are
   * dropped. For `waitUntil`.
   */
  async prefetch(): Promise<void> {
    const newest = this.#history.newest;
    if (newest === undefined || this.#history.snapshots.length < 2) return;
    const routes = new Set<string>();
    const endpoints = new Set<string>();
    for (const { host, path, endpoints: keys } of this.#recent) {
      for (const bucket of findRouteBuckets(newest.index, host, path)) addMissing(routes, bucket, this.#leaves);
      for (const key of keys) addMissing(endpoints, findEndpointBucket(newest.index.root, key), this.#leaves);
    }
    const loaded = await Promise.all([this.#loadAll(routes, "routes"), this.#loadAll(endpoints, "endpoints")]);
    if (loaded.every(Boolean)) this.#history.dropOlderThan(newest);
  }

  /** A call's worth at a time, since what is read ahead may be more than memory should hold at once. */
  async #loadAll(hashes: ReadonlySet<string>, kind: LeafKind): Promise<boolean> {
    const worthReading = [...hashes].filter((hash) => this.#leaves.isWorthReading(hash, false));
    let loaded = 0;
    for (let start = 0; start < worthReading.length; start += MAX_KEYS_PER_GET) {
      loaded += (await this.#leaves.load(worthReading.slice(start, start + MAX_KEYS_PER_GET), kind)).size;
    }
    return loaded === hashes.size;
  }

  async #resolveReading<T>(host: string, path: string, choose: Choose<R, T>): Promise<Resolution<T>> {
    const held = new Map<string, LoadedLeaf<R>>();
    const asked = new Set<string>();
    // What was missing a moment ago is asked for again only when no snapshot serves without it.
    for (const insist of [false, true]) {
      for (let reading = true; reading; ) {
        reading = false;
        for (const snapshot of this.#history.allowedFor(host)) {
          const attempt = this.#attempt(snapshot, host, path, choose, held);
          if ("resolution" in attempt) return this.#settle(snapshot, host, path, attempt);
          if (!attempt.missing.every((hash) => !asked.has(hash) && this.#leaves.isWorthReading(hash, insist))) continue;
          for (const hash of attempt.missing) asked.add(hash);
          for (const [hash, leaf] of await this.#leaves.load(attempt.missing, attempt.kind)) held.set(hash, leaf);
          // Others may have adopted, answered or dropped snapshots meanwhile: decide again from the newest.
          reading = true;
          break;
        }
      }
    }
    this.#options.report({ event: "host-unreadable", host, generation: this.pointer?.generation });
    return undefined;
  }

  #attempt<T>(
    { index, pointer }: Snapshot,
    host: string,
    path: string,
    choose: Choose<R, T>,
    held: Leaves<R> | undefined,
  ): Attempt<T> {
    const routes: R[] = [];
    const missing: string[] = [];
    for (const bucket of findRouteBuckets(index, host, path)) {
      // Nearly every bucket is one leaf; then its text is the leaf's hash.
      for (const hash of bucket.length === HASH_LENGTH ? [bucket] : leafHashes(bucket)) {
        const leaf = this.#leaves.memory.get(hash) ?? held?.get(hash);
        if (leaf?.kind === "routes") routes.push(leaf.routes);
        else missing.push(hash);
      }
    }
    if (missing.length > 0) return { missing, kind: "routes" };

    const { value, endpoints: keys } = choose(routes, index.root);
    if (keys.length === 0) return { resolution: { value, pointer, endpoints: noEndpoints }, endpoints: keys };
    const found: ReadonlyMap<string, Endpoints>[] = [];
    for (const key of keys) {
      for (const hash of leafHashes(findEndpointBucket(index.root, key))) {
        const leaf = this.#leaves.memory.get(hash) ?? held?.get(hash);
        if (leaf?.kind !== "endpoints") missing.push(hash);
        else if (!found.includes(leaf.endpoints)) found.push(leaf.endpoints);
      }
    }
    if (missing.length > 0) return { missing: [...new Set(missing)], kind: "endpoints" };
    return { resolution: { value, pointer, endpoints: (key) => lookUp(found, key) }, endpoints: keys };
  }

  #settle<T>(
    snapshot: Snapshot,
    host: string,
    path: string,
    { resolution, endpoints }: Extract<Attempt<T>, { resolution: unknown }>,
  ): Resolution<T> {
    this.#history.answered(host, snapshot);
    this.#recent.note(host, path, endpoints);
    if (this.#lastGoodPointer !== snapshot.pointer) this.#keepLastGood(snapshot.pointer);
    return resolution;
  }

  /** A pointer that has served is good for isolates that start while KV or the beacon is away. */
  #keepLastGood(pointer: Pointer): void {
    if (this.#lastGoodPointer !== undefined && !isNewer(pointer, this.#lastGoodPointer)) return;
    this.#lastGoodPointer = pointer;
    this.#options.lastGood?.put(pointerKey(pointer.publisher), JSON.stringify(pointer));
  }

  async #adopt(pointer: Pointer): Promise<boolean> {
    const known = this.#history.snapshots.find((snapshot) => snapshot.pointer.root === pointer.root);
    if (known !== undefined) return this.#history.add({ ...known, pointer });
    const key = rootKey(pointer.root);
    const unreadable = this.#store.unreadable(key);
    if (unreadable === "broken" || (unreadable === "missing" && this.pointer !== undefined)) return false;
    const text = (await this.#store.read([key])).get(key);
    if (text === undefined) return false;
    const parsed = parseRoot(text);
    if (!parsed.ok) {
      this.#store.markBroken(key, `root-${parsed.reason}`, parsed.detail);
      return false;
    }
    if (parsed.root.publisher !== pointer.publisher) {
      this.#store.markBroken(key, "root-of-other-publisher", `it is ${parsed.root.publisher}'s`);
      return false;
    }
    const last = this.#history.newest?.rootSize;
    if (last !== undefined && text.length > SUSPECT_ROOT_CHARACTERS && text.length > last * SUSPECT_ROOT_GROWTH) {
      this.#store.markBroken(key, "root-too-large", `${text.length} characters, the last good one has ${last}`);
      return false;
    }
    this.#tellClosed(key, parsed.unread);
    return this.#history.add({ pointer, index: indexRoot(parsed.root), rootSize: text.length });
  }
}

function addMissing<R>(hashes: Set<string>, bucket: string, leaves: LeafLoader<R>): void {
  for (const hash of leafHashes(bucket)) if (leaves.memory.get(hash) === undefined) hashes.add(hash);
}

function lookUp(leaves: readonly ReadonlyMap<string, Endpoints>[], key: string): Endpoints | undefined {
  for (const leaf of leaves) {
    const endpoints = leaf.get(key);
    if (endpoints !== undefined) return endpoints;
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
