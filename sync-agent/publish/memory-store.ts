import {
  type AdvanceRequest,
  advance,
  type BeaconState,
  claim,
  currentPointer,
  emptyBeacon,
  release,
} from "../../src/beacon/beacon-state.ts";
import { rootKey } from "../../src/snapshot/leaf-keys.ts";
import { parseRoot } from "../../src/snapshot/parse-root.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** A store in memory, which a reader in the same process can read: `values` is the tree. */
export interface MemoryStore extends SnapshotStore {
  readonly values: Map<string, string>;
}

/** @param now milliseconds since 1970 */
export function createMemoryStore(publisher: string, now: () => number = Date.now): MemoryStore {
  const values = new Map<string, string>();
  const times = new Map<string, number>();
  let beacon: BeaconState = emptyBeacon();
  return {
    publisher,
    values,
    async current() {
      const pointer = currentPointer(beacon);
      if (pointer === null) return undefined;
      const text = values.get(rootKey(pointer.root));
      const parsed = text === undefined ? undefined : parseRoot(text);
      return { pointer, root: parsed?.ok ? parsed.root : undefined };
    },
    async get(keys) {
      return new Map(keys.map((key) => [key, values.get(key) ?? null]));
    },
    async put(writes) {
      for (const [key, value] of writes) {
        values.set(key, value);
        times.set(key, now());
      }
    },
    async pointer() {
      return currentPointer(beacon) ?? undefined;
    },
    async claim(atLeast) {
      const claimed = claim(beacon, atLeast);
      beacon = claimed.state;
      return claimed.epoch;
    },
    async pinned() {
      return beacon.pin;
    },
    async release() {
      beacon = release(beacon);
    },
    async list(prefix) {
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix));
      return keys.map((key) => ({ key, owner: publisher, writtenAt: times.get(key) }));
    },
    async delete(keys) {
      for (const key of keys) values.delete(key);
    },
    async advance(request: AdvanceRequest) {
      const { state, result } = advance(beacon, request, now());
      beacon = state;
      return result;
    },
    async history() {
      return beacon.history;
    },
  };
}
