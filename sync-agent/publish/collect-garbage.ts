import { findGarbage } from "../../src/snapshot/garbage.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import type { Root } from "../../src/table/snapshot.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

export interface CollectOptions {
  /** Milliseconds since 1970. */
  now: number;
  /** Generations back to which a rollback must be possible. */
  keepGenerations?: number;
  /** For how long a key is kept after the last root that named it was replaced, in milliseconds. */
  keepMs?: number;
}

const KEEP_GENERATIONS = 50;
const DAY_MS = 24 * 3600 * 1000;

/**
 * Deletes leaves and roots that no kept generation names, and that this publisher wrote. The caller publishes nothing
 * meanwhile.
 *
 * @returns how many keys were deleted
 */
export async function collectGarbage(store: SnapshotStore, options: CollectOptions): Promise<number> {
  const { now, keepGenerations = KEEP_GENERATIONS, keepMs = DAY_MS } = options;
  const history = await store.history();
  if (history.length === 0) return 0;
  const rootKeys = await store.list("root/");
  const keys = [...rootKeys, ...(await store.list("leaf/"))];
  const roots = new Map<string, Root>();
  for (const [key, text] of await store.get(rootKeys.map(({ key }) => key))) {
    const parsed = text === null ? undefined : parseRoot(text);
    if (parsed?.ok) roots.set(key.slice("root/".length), parsed.root);
  }
  const garbage = findGarbage({ keys, roots, history, keepGenerations, owner: store.publisher, now, keepMs });
  if (garbage.length > 0) await store.delete(garbage);
  return garbage.length;
}
