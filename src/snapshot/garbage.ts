import type { HistoryEntry } from "../beacon/beacon-state.ts";
import { leafKey, rootKey } from "./leaf-keys.ts";

/** A key of the tree as KV lists it. */
export interface StoredKey {
  key: string;
  /** From the key's metadata; undefined when it has none, and then it is nobody's to delete. */
  owner: string | undefined;
  /** When it was last written, in milliseconds since 1970. */
  writtenAt: number | undefined;
}

/** Until when something was served, or may be again, in milliseconds since 1970; infinite for what still is. */
type ServedUntil = ReadonlyMap<string, number>;

export interface RootsRequest {
  /** Every root of KV. */
  keys: readonly StoredKey[];
  /** The beacon's, newest first. */
  history: readonly HistoryEntry[];
  /** Generations back to which a rollback must be possible, the current one counted. */
  keepGenerations: number;
  owner: string;
}

/**
 * Until when each root was served, by KV's key: of the generations that are kept, and of other owners, who know best
 * themselves, without an end. Otherwise until it was replaced: by the history, and in case that is too short until the
 * next root was written.
 */
export function rootsServedUntil({ keys, history, keepGenerations, owner }: RootsRequest): Map<string, number> {
  const until = new Map<string, number>();
  const own: { key: string; writtenAt: number }[] = [];
  for (const { key, owner: writer, writtenAt } of keys) {
    if (writer !== owner || writtenAt === undefined) until.set(key, Number.POSITIVE_INFINITY);
    else own.push({ key, writtenAt });
  }
  own.sort((a, b) => a.writtenAt - b.writtenAt);
  for (const [index, { key }] of own.entries()) until.set(key, own[index + 1]?.writtenAt ?? Number.POSITIVE_INFINITY);
  for (const [index, { pointer }] of history.entries()) {
    const key = rootKey(pointer.root);
    const replacedAt = index < keepGenerations ? undefined : history[index - 1]?.at;
    until.set(key, Math.max(until.get(key) ?? 0, replacedAt ?? Number.POSITIVE_INFINITY));
  }
  return until;
}

export interface GarbageRequest {
  /** Every key of the tree. */
  keys: readonly StoredKey[];
  /** By KV's key. */
  roots: ServedUntil;
  /** By hash: as long as any root that names it. */
  leaves: ServedUntil;
  owner: string;
  /** What was written and served before this time only is garbage: milliseconds since 1970. */
  horizon: number;
}

/** @returns KV's keys of this owner that were written long ago, and that nothing has been served from since */
export function findGarbage({ keys, roots, leaves, owner, horizon }: GarbageRequest): string[] {
  const served = new Map(roots);
  for (const [hash, until] of leaves) served.set(leafKey(hash), until);
  return keys
    .filter(
      ({ key, owner: writer, writtenAt }) =>
        writer === owner &&
        writtenAt !== undefined &&
        writtenAt < horizon &&
        (key.startsWith("leaf/") || key.startsWith("root/")) &&
        (served.get(key) ?? Number.NEGATIVE_INFINITY) < horizon,
    )
    .map(({ key }) => key);
}
