import type { AdvanceRequest, AdvanceResult, HistoryEntry, Pin } from "../../src/beacon/beacon-state.ts";
import type { StoredKey } from "../../src/snapshot/garbage.ts";
import type { Pointer, Root } from "../../src/table/snapshot.ts";

/** Where snapshots of one publisher are kept: the tree in KV, and the pointer that the beacon holds. */
export interface SnapshotStore {
  readonly publisher: string;
  /** @returns the current pointer with its root, the root undefined when it cannot be read; undefined before the first */
  current(): Promise<{ pointer: Pointer; root: Root | undefined } | undefined>;
  /** @returns the values of KV's keys, null for a missing one */
  get(keys: readonly string[]): Promise<ReadonlyMap<string, string | null>>;
  /** Writes values under KV's keys in any order; resolves when all are written. */
  put(writes: ReadonlyMap<string, string>): Promise<void>;
  /** Moves the pointer if it still is where the caller saw it. */
  advance(request: AdvanceRequest): Promise<AdvanceResult>;
  /** @returns the pointer alone, undefined before the first */
  pointer(): Promise<Pointer | undefined>;
  /** @returns an epoch later than every one before, and at least this one; writers of older ones are refused */
  claim(atLeast: number): Promise<number>;
  /** @returns why the pointer stays where it is; undefined while it may move */
  pinned(): Promise<Pin | undefined>;
  /** Lets go a pointer that a rollback has pinned. */
  release(): Promise<void>;
  /** @returns the keys that begin with `prefix`, with what stands beside them */
  list(prefix: string): Promise<StoredKey[]>;
  /** Deletes keys; those that are not there are passed over. */
  delete(keys: readonly string[]): Promise<void>;
  /** @returns the accepted pointers, newest first, with their times */
  history(): Promise<readonly HistoryEntry[]>;
}
