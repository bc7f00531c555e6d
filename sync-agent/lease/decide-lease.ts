import type { LeaseRecord } from "./lease-record.ts";

/** The record as it was last seen to change, and when that was by this process's own monotonic clock. */
export interface Observation {
  record: LeaseRecord;
  atMs: number;
}

export interface LeaseQuestion {
  /** Undefined when there is no Lease. */
  observed: Observation | undefined;
  /** By the same clock. */
  nowMs: number;
  identity: string;
  isLeading: boolean;
  /** For a Lease that does not say how long it is good for. */
  leaseDurationMs: number;
}

export type LeaseDecision =
  /** Write to the Lease with this count; `acquireTime` is that of a tenure that goes on. */
  | { action: "acquire" | "renew"; transitions: number; acquireTime: string | undefined }
  /** Another holds it, at least until then. */
  | { action: "wait"; untilMs: number }
  /** Another holds it, though this process led. */
  | { action: "lost" };

/**
 * What to do about a Lease, by the rules of client-go's leader election: another's Lease is over when its record has
 * not changed for its duration, measured from when this process saw it first. Clocks of others count for nothing.
 */
export function decideLease(question: LeaseQuestion): LeaseDecision {
  const { observed, nowMs, identity, isLeading, leaseDurationMs } = question;
  const action = isLeading ? "renew" : "acquire";
  if (observed === undefined) return { action, transitions: 0, acquireTime: undefined };
  const { record, atMs } = observed;
  if (record.holder === identity) return { action, transitions: record.transitions, acquireTime: record.acquireTime };
  if (record.holder !== "") {
    if (isLeading) return { action: "lost" };
    const untilMs = atMs + (record.durationMs ?? leaseDurationMs);
    if (nowMs < untilMs) return { action: "wait", untilMs };
  }
  return isLeading
    ? { action: "lost" }
    : { action: "acquire", transitions: record.transitions + 1, acquireTime: undefined };
}
