import type { AdvanceRequest, AdvanceResult, HistoryEntry, Pin } from "../../src/beacon/beacon-state.ts";
import type { Pointer } from "../../src/table/snapshot.ts";

/** A stub of the publisher's `Beacon`. */
export interface BeaconBinding {
  current(): Promise<Pointer | null>;
  advance(request: AdvanceRequest): Promise<AdvanceResult>;
  history(): Promise<HistoryEntry[]>;
  claim(atLeast: number): Promise<number>;
  pinned(): Promise<Pin | null>;
  release(): Promise<void>;
}
