import type { Refusal } from "./agent-parts.ts";

/** What the next step of publishing depends on. Times are in milliseconds of one clock. */
export interface PublishFacts {
  isLeading: boolean;
  /** The epoch that was claimed since this process began to lead. */
  epoch: number | undefined;
  /** `same`: what is wanted was published. `held`: it was refused, and trying it again would be in vain. */
  wanted: "nothing" | "same" | "held" | "new";
  /** When the last attempt began. */
  startedAt: number;
  /** When the published table was last known to be the one that is wanted. */
  confirmedAt: number;
  /** No attempt before this, whatever is wanted. */
  notBefore: number;
  /** What is held is tried again at this time. */
  heldUntil: number;
}

export type PublishStep = { do: "claim" } | { do: "publish" } | { do: "wait"; until: number };

export interface PublishPace {
  /** From the beginning of one publish to that of the next. */
  paceMs: number;
  /** How often it is made sure that what is published is still what is wanted. */
  confirmMs: number;
}

/** What to do now. `wait` until infinity ends only when something changes. */
export function nextStep(facts: PublishFacts, { paceMs, confirmMs }: PublishPace, now: number): PublishStep {
  const dueAt = dueTime(facts, paceMs, confirmMs);
  if (now < dueAt) return { do: "wait", until: dueAt };
  return facts.epoch === undefined ? { do: "claim" } : { do: "publish" };
}

function dueTime(facts: PublishFacts, paceMs: number, confirmMs: number): number {
  const { isLeading, wanted, startedAt, confirmedAt, notBefore, heldUntil } = facts;
  if (!isLeading) return Number.POSITIVE_INFINITY;
  switch (wanted) {
    case "nothing":
      return Number.POSITIVE_INFINITY;
    case "same":
      return Math.max(notBefore, confirmedAt + confirmMs);
    case "held":
      return Math.max(notBefore, heldUntil);
    case "new":
      return Math.max(notBefore, startedAt + paceMs);
  }
}

/** How an attempt to claim or publish ended. */
export type Attempt =
  | { ended: "done" }
  | { ended: "refused"; reason: Refusal }
  | { ended: "failed"; isFatal: boolean }
  | { ended: "abandoned" };

/**
 * `confirm-lease`: somebody claimed a later epoch; ask the API server who leads. `hold`: this table is not tried again
 * for so long, another one is. `retry`: nothing is tried for so long.
 */
export type Verdict =
  | { next: "rest" }
  | { next: "retry"; afterMs: number }
  | { next: "hold"; afterMs: number }
  | { next: "confirm-lease" };

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;
const FATAL_PAUSE_MS = 60_000;
const PINNED_PAUSE_MS = 10_000;
const GUARD_PAUSE_MS = 60_000;

/**
 * What follows from an attempt.
 *
 * @param failures how many attempts have failed in a row, this one included
 * @param random in [0, 1): backoff with full jitter, so that writers that failed together do not return together
 */
export function judgeAttempt(attempt: Attempt, failures: number, random: number): Verdict {
  switch (attempt.ended) {
    case "done":
    case "abandoned":
      return { next: "rest" };
    case "failed":
      return { next: "retry", afterMs: attempt.isFatal ? FATAL_PAUSE_MS : backoffMs(failures, random) };
    case "refused":
      break;
  }
  switch (attempt.reason) {
    case "stale-epoch":
      return { next: "confirm-lease" };
    case "stale-expectation":
      // Once is a coincidence: another publisher, or an attempt of ours that was given up and came through.
      return { next: "retry", afterMs: failures <= 1 ? 0 : backoffMs(failures, random) };
    case "pinned":
      return { next: "hold", afterMs: PINNED_PAUSE_MS };
    case "guarded":
    case "other-publisher":
      return { next: "hold", afterMs: GUARD_PAUSE_MS };
  }
}

const backoffMs = (failures: number, random: number): number =>
  random * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, failures - 1));
