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
  /** Set by a rollback: the pointer then stays where this request moves it, until it is released. */
  pin: z.optional(z.strictObject({ reason: z.string() })),
});
export type AdvanceRequest = z.infer<typeof advanceRequestSchema>;

/** Asks for an epoch that nobody has had. `atLeast`: the Lease's transitions. */
export const claimRequestSchema = z.strictObject({ atLeast: z.number().check(z.int(), z.nonnegative()) });

/** Why the pointer stays where it is. */
export interface Pin {
  reason: string;
  /** Milliseconds since 1970. */
  at: number;
}

export interface HistoryEntry {
  pointer: Pointer;
  /** When the beacon accepted it, in milliseconds since 1970. */
  at: number;
}

export interface BeaconState {
  /** Accepted pointers, the newest (the current one) first. */
  history: readonly HistoryEntry[];
  /** The newest epoch that was issued; writers of older ones are refused. */
  claimed?: number;
  pin?: Pin;
}

/**
 * `stale-epoch`: a later epoch was claimed, or published under. `stale-expectation`: the pointer is not where the writer
 * saw it. `other-publisher`: this beacon holds the pointer of another publisher. `pinned`: a rollback holds it.
 */
export type AdvanceRefusal = "stale-epoch" | "stale-expectation" | "other-publisher" | "pinned";

export type AdvanceResult =
  | { accepted: true; pointer: Pointer }
  | { accepted: false; pointer: Pointer | null; reason: AdvanceRefusal };

/** Pointers remembered, for rolling back. */
export const HISTORY_LENGTH = 100;

export const emptyBeacon = (): BeaconState => ({ history: [] });

export const currentPointer = (state: BeaconState): Pointer | null => state.history[0]?.pointer ?? null;

const newestEpoch = (state: BeaconState): number => Math.max(state.claimed ?? 0, currentPointer(state)?.epoch ?? 0);

/**
 * Issues an epoch later than every one before, whoever had it: also when the Lease was deleted and counts from 0 again,
 * or a laptop has published meanwhile. From now on writers of older ones are refused.
 */
export function claim(state: BeaconState, atLeast: number): { state: BeaconState; epoch: number } {
  const epoch = Math.max(newestEpoch(state) + 1, atLeast);
  return { state: { ...state, claimed: epoch }, epoch };
}

/** Lets the pointer go that a rollback has pinned. */
export function release({ pin: _, ...state }: BeaconState): BeaconState {
  return state;
}

/**
 * Compare-and-set on (epoch, generation). The generation grows by one with each accepted change, over changes of
 * leader too, so it never means two roots.
 *
 * @param at the time, in milliseconds since 1970
 */
export function advance(
  state: BeaconState,
  { expected, next, pin }: AdvanceRequest,
  at: number,
): { state: BeaconState; result: AdvanceResult } {
  const current = currentPointer(state);
  const refuse = (reason: AdvanceRefusal) => ({
    state,
    result: { accepted: false as const, pointer: current, reason },
  });
  if (current !== null) {
    if (next.publisher !== current.publisher) return refuse("other-publisher");
  }
  if (next.epoch < newestEpoch(state)) return refuse("stale-epoch");
  if (state.pin !== undefined && pin === undefined) return refuse("pinned");
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
  const moved: BeaconState = { ...state, history, ...(pin && { pin: { reason: pin.reason, at } }) };
  return { state: moved, result: { accepted: true, pointer } };
}
