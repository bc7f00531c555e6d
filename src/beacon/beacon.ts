import { DurableObject } from "cloudflare:workers";
import type { Pointer } from "../table/snapshot.ts";
import {
  type AdvanceRequest,
  type AdvanceResult,
  advance,
  advanceRequestSchema,
  type BeaconState,
  claim,
  currentPointer,
  emptyBeacon,
  type HistoryEntry,
  type Pin,
  release,
} from "./beacon-state.ts";

const STATE = "state";

/**
 * The only writer of a publisher's pointer: one object for each publisher, named after it. Reading and writing its
 * storage never waits, so nothing comes between the comparison and the setting.
 */
export class Beacon extends DurableObject {
  /** @returns the pointer to the current root, null before the first */
  current(): Pointer | null {
    return currentPointer(this.#read());
  }

  /**
   * Moves the pointer if it is where the writer saw it (`beacon-state.ts`).
   *
   * @throws a ZodError for what has not the form of a request
   */
  advance(request: AdvanceRequest): AdvanceResult {
    const { state, result } = advance(this.#read(), advanceRequestSchema.parse(request), Date.now());
    if (result.accepted) this.ctx.storage.kv.put(STATE, state);
    return result;
  }

  /** @returns the accepted pointers, newest first */
  history(): HistoryEntry[] {
    return [...this.#read().history];
  }

  /** @returns an epoch later than every one before (`beacon-state.ts`) */
  claim(atLeast: number): number {
    const { state, epoch } = claim(this.#read(), atLeast);
    this.ctx.storage.kv.put(STATE, state);
    return epoch;
  }

  /** @returns why the pointer stays where it is, null while it may move */
  pinned(): Pin | null {
    return this.#read().pin ?? null;
  }

  release(): void {
    this.ctx.storage.kv.put(STATE, release(this.#read()));
  }

  #read(): BeaconState {
    return this.ctx.storage.kv.get<BeaconState>(STATE) ?? emptyBeacon();
  }
}
