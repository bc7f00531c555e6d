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
  /** Hashes of the roots that a rollback may go to, the current one first (the beacon's history). */
  wanted: readonly string[];
  owner: string;
  /** Milliseconds since 1970. */
  now: number;
  /** Milliseconds for which a key is kept after it was written, and after the last root that named it was replaced. */
  keepMs: number;
}

/**
 * Finds what can be deleted: keys of this owner, written long ago, that no wanted root names. Beside those of the
 * history, roots that may have served within `keepMs` are wanted: those written since, and the last one before.
 *
 * Nothing is garbage while a wanted root is not to be read, since what it names is not known. The caller must not
 * publish between listing the keys and deleting.
 *
 * @returns KV's keys
 */
export function findGarbage({ keys, roots, wanted, owner, now, keepMs }: GarbageRequest): string[] {
  const horizon = now - keepMs;
  const wantedKeys = new Set(wanted.map(rootKey));
  let lastBefore: StoredKey | undefined;
  for (const stored of keys) {
    if (!stored.key.startsWith("root/")) continue;
    if (stored.writtenAt === undefined || stored.writtenAt >= horizon) wantedKeys.add(stored.key);
    else if (stored.writtenAt >= (lastBefore?.writtenAt ?? Number.NEGATIVE_INFINITY)) lastBefore = stored;
  }
  if (lastBefore !== undefined) wantedKeys.add(lastBefore.key);
  if (wanted.length === 0) return [];

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
