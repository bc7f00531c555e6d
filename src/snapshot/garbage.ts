import type { HistoryEntry } from "../beacon/beacon-state.ts";
import type { Root } from "../table/snapshot.ts";
import { leafKey, rootKey } from "./leaf-keys.ts";
import { namedLeaves } from "./plan.ts";

/** A key of the tree as KV lists it. */
export interface StoredKey {
  key: string;
  /** From the key's metadata; undefined when it has none, and then it is nobody's to delete. */
  owner: string | undefined;
  /** When it was last written, in milliseconds since 1970. */
  writtenAt: number | undefined;
}

export interface GarbageRequest {
  /** Every key of the tree. */
  keys: readonly StoredKey[];
  /** The roots of KV by hash. */
  roots: ReadonlyMap<string, Root>;
  /** The beacon's, newest first. */
  history: readonly HistoryEntry[];
  /** Generations back to which a rollback must be possible, the current one counted. */
  keepGenerations: number;
  owner: string;
  /** Milliseconds since 1970. */
  now: number;
  /** Milliseconds for which a key is kept after it was written, and after the last root that named it was replaced. */
  keepMs: number;
}

/**
 * Finds what can be deleted: keys of this owner, written long ago, that no wanted root names. Wanted are the roots of
 * the last generations, and those that may have served within `keepMs`: by the history, and in case that is too short
 * those written since, and the last one before.
 *
 * Nothing is garbage while a wanted root is not to be read, since what it names is not known. The caller must not
 * publish between listing the keys and deleting.
 *
 * @returns KV's keys
 */
export function findGarbage(request: GarbageRequest): string[] {
  const { keys, roots, history, owner, now, keepMs } = request;
  const horizon = now - keepMs;
  if (history.length === 0) return [];
  const wantedKeys = new Set(recentRoots(request, horizon).map(rootKey));
  let lastBefore: StoredKey | undefined;
  for (const stored of keys) {
    if (!stored.key.startsWith("root/")) continue;
    if (stored.writtenAt === undefined || stored.writtenAt >= horizon) wantedKeys.add(stored.key);
    else if (stored.writtenAt >= (lastBefore?.writtenAt ?? Number.NEGATIVE_INFINITY)) lastBefore = stored;
  }
  if (lastBefore !== undefined) wantedKeys.add(lastBefore.key);

  const named = new Set<string>(wantedKeys);
  const rootsByKey = new Map([...roots].map(([hash, root]) => [rootKey(hash), root]));
  for (const key of wantedKeys) {
    const root = rootsByKey.get(key);
    if (root === undefined) return [];
    for (const hash of namedLeaves(root)) named.add(leafKey(hash));
  }
  return keys
    .filter(
      ({ key, owner: writer, writtenAt }) =>
        writer === owner &&
        writtenAt !== undefined &&
        writtenAt < horizon &&
        (key.startsWith("leaf/") || key.startsWith("root/")) &&
        !named.has(key),
    )
    .map(({ key }) => key);
}

function recentRoots({ history, keepGenerations }: GarbageRequest, horizon: number): string[] {
  return history
    .filter((_, index) => {
      const replacedAt = history[index - 1]?.at ?? Number.POSITIVE_INFINITY;
      return index < keepGenerations || replacedAt >= horizon;
    })
    .map(({ pointer }) => pointer.root);
}
