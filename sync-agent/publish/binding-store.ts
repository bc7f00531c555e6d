import type { StoredKey } from "../../src/snapshot/garbage.ts";
import { pointerKey, rootKey } from "../../src/snapshot/leaf-keys.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import { MAX_KEYS_PER_GET } from "../../src/snapshot/tree-store.ts";
import type { Pointer, Root } from "../../src/table/snapshot.ts";
import type { BeaconBinding } from "./beacon-binding.ts";
import { pointerInKv } from "./pointer-in-kv.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import { toStoredKey } from "./stored-key.ts";

/** The part of a KV namespace binding that a store needs. */
export interface KvBinding {
  get(key: string): Promise<string | null>;
  get(keys: string[]): Promise<Map<string, string | null>>;
  put(key: string, value: string, options?: { metadata?: unknown }): Promise<void>;
  list(options: { prefix: string; cursor?: string }): Promise<KvPage>;
  delete(key: string): Promise<void>;
}

/** A page of KV's keys. */
interface KvPage {
  keys: { name: string; metadata?: unknown }[];
  list_complete: boolean;
  cursor?: string;
}

export interface BindingStoreOptions {
  publisher: string;
  kv: KvBinding;
  /** Without it the KV key `pointer/<publisher>` is the pointer: unfenced, and without a history. */
  beacon?: BeaconBinding | undefined;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** A store over the bindings of a Worker, such as miniflare hands out. Every value carries its owner and its time. */
export function createBindingStore({ publisher, kv, beacon, now = Date.now }: BindingStoreOptions): SnapshotStore {
  // KV may not show yet what was just written, and a root never changes.
  let lastRoot: { key: string; text: string } | undefined;
  const pointers =
    beacon ??
    pointerInKv(
      {
        read: () => kv.get(pointerKey(publisher)),
        write: (text) => kv.put(pointerKey(publisher), text, { metadata: { owner: publisher, writtenAt: now() } }),
      },
      now,
    );

  async function readRoot(pointer: Pointer): Promise<Root | undefined> {
    const key = rootKey(pointer.root);
    const text = lastRoot?.key === key ? lastRoot.text : await kv.get(key);
    const parsed = text === null ? undefined : parseRoot(text);
    return parsed?.ok ? parsed.root : undefined;
  }

  return {
    publisher,
    async current() {
      const pointer = await pointers.current();
      return pointer === null ? undefined : { pointer, root: await readRoot(pointer) };
    },
    async get(keys) {
      const values = new Map<string, string | null>();
      for (let start = 0; start < keys.length; start += MAX_KEYS_PER_GET) {
        for (const [key, value] of await kv.get(keys.slice(start, start + MAX_KEYS_PER_GET))) values.set(key, value);
      }
      return values;
    },
    async put(writes) {
      const metadata = { owner: publisher, writtenAt: now() };
      await Promise.all([...writes].map(([key, value]) => kv.put(key, value, { metadata })));
      for (const [key, text] of writes) if (key.startsWith("root/")) lastRoot = { key, text };
    },
    advance: (request) => pointers.advance(request),
    history: () => pointers.history(),
    pointer: async () => (await pointers.current()) ?? undefined,
    claim: (atLeast) => pointers.claim(atLeast),
    pinned: async () => (await pointers.pinned()) ?? undefined,
    release: () => pointers.release(),
    async list(prefix) {
      const found: StoredKey[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await kv.list({ prefix, ...(cursor !== undefined && { cursor }) });
        for (const { name, metadata } of page.keys) found.push(toStoredKey(name, metadata));
        if (page.list_complete) return found;
        cursor = page.cursor;
      }
    },
    async delete(keys) {
      await Promise.all(keys.map((key) => kv.delete(key)));
    },
  };
}
