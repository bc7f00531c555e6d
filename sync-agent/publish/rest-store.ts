import { pointerKey, rootKey } from "../../src/snapshot/leaf-keys.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import type { Pointer, Root } from "../../src/table/snapshot.ts";
import type { BeaconBinding } from "./beacon-binding.ts";
import { pointerInKv } from "./pointer-in-kv.ts";
import type { RestKv } from "./rest-kv.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

export interface RestStoreOptions {
  publisher: string;
  kv: RestKv;
  /** The beacon, through the Worker's admin API. Without it the KV key `pointer/<publisher>` is the pointer: unfenced. */
  beacon: BeaconBinding | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Names that were written by this process; beyond so many they are forgotten. */
const MAX_WRITTEN = 200_000;
/** Another leader may have collected what is older: a collector spares for a day what was written. */
const WRITTEN_MS = 3600 * 1000;

/** Snapshots in KV by Cloudflare's REST API, their pointer in the beacon. */
export function createRestStore({ publisher, kv, beacon, now }: RestStoreOptions): SnapshotStore {
  const pointers =
    beacon ??
    pointerInKv(
      {
        read: async () => (await kv.get([pointerKey(publisher)])).get(pointerKey(publisher)) ?? null,
        write: (text) => kv.put(new Map([[pointerKey(publisher), text]]), { owner: publisher, writtenAt: now() }),
      },
      now,
    );
  /** Leaves and roots never change: what was written once is not written again after a publish that failed half way. */
  const written = new Map<string, number>();
  // KV may not show yet what was just written.
  let lastRoot: { key: string; root: Root } | undefined;

  async function readRoot(pointer: Pointer): Promise<Root | undefined> {
    const key = rootKey(pointer.root);
    if (lastRoot?.key === key) return lastRoot.root;
    const text = (await kv.get([key])).get(key);
    const parsed = text == null ? undefined : parseRoot(text);
    if (parsed?.ok) lastRoot = { key, root: parsed.root };
    return parsed?.ok ? parsed.root : undefined;
  }

  return {
    publisher,
    async current() {
      const pointer = await pointers.current();
      return pointer === null ? undefined : { pointer, root: await readRoot(pointer) };
    },
    pointer: async () => (await pointers.current()) ?? undefined,
    get: (keys) => kv.get(keys),
    async put(writes) {
      const writtenAt = now();
      const isTree = (key: string): boolean => key.startsWith("leaf/") || key.startsWith("root/");
      const isWritten = (key: string): boolean =>
        writtenAt - (written.get(key) ?? Number.NEGATIVE_INFINITY) < WRITTEN_MS;
      const missing = new Map([...writes].filter(([key]) => !isWritten(key)));
      if (written.size + missing.size > MAX_WRITTEN) written.clear();
      const note = (keys: readonly string[]): void => {
        for (const key of keys) if (isTree(key)) written.set(key, writtenAt);
      };
      if (missing.size > 0) await kv.put(missing, { owner: publisher, writtenAt }, note);
      for (const [key, text] of writes) {
        const parsed = key.startsWith("root/") ? parseRoot(text) : undefined;
        if (parsed?.ok) lastRoot = { key, root: parsed.root };
      }
    },
    advance: (request) => pointers.advance(request),
    claim: (atLeast) => pointers.claim(atLeast),
    history: () => pointers.history(),
    pinned: async () => (await pointers.pinned()) ?? undefined,
    release: () => pointers.release(),
    list: (prefix) => kv.list(prefix),
    async delete(keys) {
      for (const key of keys) written.delete(key);
      await kv.delete(keys);
    },
  };
}
