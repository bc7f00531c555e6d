import * as z from "zod/mini";
import { isHash } from "../snapshot/leaf-keys.ts";
import type { Pointer } from "../table/snapshot.ts";

/** Asks the beacon to move the pointer, if it still is where the writer saw it. */
export const advanceRequestSchema = z.strictObject({
  /** What the writer saw; null when there was no pointer. */
  expected: z.nullable(z.strictObject({ epoch: z.number(), generation: z.number() })),
  next: z.strictObject({
    epoch: z.number().check(z.int(), z.nonnegative()),
    root: z.string().check(z.refine(isHash, "not a content hash")),
    publisher: z.string().check(z.minLength(1)),
  }),
});
export type AdvanceRequest = z.infer<typeof advanceRequestSchema>;

export interface HistoryEntry {
  pointer: Pointer;
  /** When the beacon accepted it, in milliseconds since 1970. */
  at: number;
}

export interface BeaconState {
  /** Accepted pointers, the newest (the current one) first. */
  history: readonly HistoryEntry[];
}

/**
 * `stale-epoch`: a later leader has published. `stale-expectation`: the pointer is not where the writer saw it.
 * `other-publisher`: this beacon holds the pointer of another publisher.
 */
export type AdvanceRefusal = "stale-epoch" | "stale-expectation" | "other-publisher";

export type AdvanceResult =
  | { accepted: true; pointer: Pointer }
  | { accepted: false; pointer: Pointer | null; reason: AdvanceRefusal };

/** Pointers remembered, for rolling back. */
export const HISTORY_LENGTH = 100;

export const emptyBeacon = (): BeaconState => ({ history: [] });

export const currentPointer = (state: BeaconState): Pointer | null => state.history[0]?.pointer ?? null;

/**
 * Compare-and-set on (epoch, generation). The generation grows by one with each accepted change, over changes of
 * leader too, so it never means two roots.
 *
 * @param at the time, in milliseconds since 1970
 */
export function advance(
  state: BeaconState,
  { expected, next }: AdvanceRequest,
  at: number,
): { state: BeaconState; result: AdvanceResult } {
  const current = currentPointer(state);
  const refuse = (reason: AdvanceRefusal) => ({
    state,
    result: { accepted: false as const, pointer: current, reason },
  });
  if (current !== null) {
    if (next.publisher !== current.publisher) return refuse("other-publisher");
    if (next.epoch < current.epoch) return refuse("stale-epoch");
  }
  if (expected?.epoch !== current?.epoch || expected?.generation !== current?.generation) {
    return refuse("stale-expectation");
  }
  const pointer: Pointer = {
    publisher: next.publisher,
    epoch: next.epoch,
    generation: (current?.generation ?? 0) + 1,
    root: next.root,
  };
  const history = [{ pointer, at }, ...state.history].slice(0, HISTORY_LENGTH);
  return { state: { history }, result: { accepted: true, pointer } };
}
