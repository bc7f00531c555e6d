import type { AdvanceRequest, AdvanceResult, HistoryEntry } from "../../src/beacon/beacon-state.ts";
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
  /** @returns the accepted pointers, newest first, with their times */
  history(): Promise<readonly HistoryEntry[]>;
}
