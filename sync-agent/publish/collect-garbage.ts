import type { HistoryEntry } from "../../src/beacon/beacon-state.ts";
import { findGarbage, rootsServedUntil, type StoredKey } from "../../src/snapshot/garbage.ts";
import { rootKey } from "../../src/snapshot/leaf-keys.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import { namedLeaves } from "../../src/snapshot/plan.ts";
import { MAX_KEYS_PER_GET } from "../../src/snapshot/tree-store.ts";
import { PublishError } from "./publish-error.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

export interface CollectorOptions {
  store: SnapshotStore;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Whether nobody else publishes, at this very moment: asked right before each deletion. */
  mayDelete: () => boolean;
  /** Runs work while this process publishes nothing. */
  exclusive: <T>(work: () => Promise<T>) => Promise<T>;
  /** Waits between reads, so that publishing finds requests left. */
  pause: () => Promise<void>;
  /** Generations back to which a rollback must be possible. */
  keepGenerations?: number;
  /** For how long a key is kept after the last root that named it was replaced, in milliseconds. */
  keepMs?: number;
}

export interface Collector {
  /**
   * Deletes the leaves and roots that no kept generation names, if this publisher wrote them.
   *
   * @returns how many keys were deleted
   * @throws what the store throws, and a PublishError when a root that is kept cannot be read: what it names is not known
   */
  collect(): Promise<number>;
}

/** As many as the beacon remembers. */
const KEEP_GENERATIONS = 100;
const DAY_MS = 24 * 3600 * 1000;
/** The most that KV deletes in one request. */
const MAX_DELETED = 10_000;

/**
 * Deletes in two steps, so that publishing goes on meanwhile: what is garbage is found at leisure, and looked at again
 * in a moment in which nothing is published. A root is read once while it is served, and once when it no longer is.
 */
export function createCollector(options: CollectorOptions): Collector {
  const { store, now, mayDelete, exclusive, pause } = options;
  const { keepGenerations = KEEP_GENERATIONS, keepMs = DAY_MS } = options;
  /** Of roots that are served no more, as they were read: their leaves are in `leaves`. */
  const readRoots = new Map<string, number>();
  const leaves = new Map<string, number>();

  const forget = (horizon: number): void => {
    for (const known of [readRoots, leaves]) for (const [key, until] of known) if (until < horizon) known.delete(key);
  };

  /** @returns until when each leaf was served */
  const readLeaves = async (roots: ReadonlyMap<string, number>, horizon: number): Promise<Map<string, number>> => {
    const wanted = [...roots].filter(([key, until]) => until >= horizon && readRoots.get(key) !== until);
    const lasting = new Map<string, number>();
    for (let start = 0; start < wanted.length; start += MAX_KEYS_PER_GET) {
      if (start > 0) await pause();
      const chunk = wanted.slice(start, start + MAX_KEYS_PER_GET);
      const texts = await store.get(chunk.map(([key]) => key));
      for (const [key, until] of chunk) {
        const isOver = until < Number.POSITIVE_INFINITY;
        const into = isOver ? leaves : lasting;
        for (const hash of readNames(key, texts.get(key))) into.set(hash, Math.max(into.get(hash) ?? 0, until));
        if (isOver) readRoots.set(key, until);
      }
    }
    return new Map([...leaves, ...lasting]);
  };

  /** Deletes what is garbage still, though something may have been published since it was found. */
  const deleteStill = async (garbage: readonly string[], seen: HistoryEntry): Promise<number> => {
    if (!mayDelete()) return 0;
    const history = await store.history();
    const newer = history.findIndex(({ pointer }) => pointer.generation === seen.pointer.generation);
    if (newer === -1) return 0;
    const rootKeys = [...new Set(history.slice(0, newer).map(({ pointer }) => rootKey(pointer.root)))];
    const texts = await store.get(rootKeys);
    const named = new Set(rootKeys);
    for (const key of rootKeys) for (const hash of readNames(key, texts.get(key))) named.add(`leaf/${hash}`);
    const still = garbage.filter((key) => !named.has(key));
    if (still.length === 0 || !mayDelete()) return 0;
    await store.delete(still);
    return still.length;
  };

  return {
    async collect() {
      const history = await store.history();
      const [current] = history;
      if (current === undefined) return 0;
      const horizon = now() - keepMs;
      const rootKeys = await store.list("root/");
      await pause();
      const keys = [...rootKeys, ...(await store.list("leaf/"))];
      forget(horizon);
      const kept = history.filter(isThere(rootKeys, horizon));
      const roots = rootsServedUntil({ keys: rootKeys, history: kept, keepGenerations, owner: store.publisher });
      const served = await readLeaves(roots, horizon);
      const garbage = findGarbage({ keys, roots, leaves: served, owner: store.publisher, horizon });
      let deleted = 0;
      for (let start = 0; start < garbage.length; start += MAX_DELETED) {
        const batch = garbage.slice(start, start + MAX_DELETED);
        deleted += await exclusive(() => deleteStill(batch, current));
      }
      return deleted;
    },
  };
}

/**
 * A list may lack what was written lately, so such generations are read whether it names their roots or not; of older
 * ones those that are gone are gone.
 */
function isThere(rootKeys: readonly StoredKey[], horizon: number): (entry: HistoryEntry, index: number) => boolean {
  const listed = new Set(rootKeys.map(({ key }) => key));
  return ({ pointer, at }, index) => index === 0 || at >= horizon || listed.has(rootKey(pointer.root));
}

function readNames(key: string, text: string | null | undefined): Set<string> {
  const parsed = text == null ? undefined : parseRoot(text);
  if (parsed?.ok) return namedLeaves(parsed.root);
  throw new PublishError("transient", `${key} cannot be read, so nothing is deleted`);
}
