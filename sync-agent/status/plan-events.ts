import type { ProblemEvent } from "./problem-events.ts";

/** An Event that was written by this process, or found to be there. */
export interface ToldEvent {
  event: ProblemEvent;
  /** Milliseconds since 1970 of the last write. */
  toldAt: number;
  /** How often it was written. */
  count: number;
  /** When the problem was found to be gone; undefined while it lasts. */
  solvedAt: number | undefined;
}

export interface EventsPlan {
  /** To be created; or counted once more, when the server has them already. */
  create: ProblemEvent[];
  /** To be counted once more: they last, and the server forgets Events after an hour. */
  refresh: ToldEvent[];
  /** Problems that are gone, of which that is yet to be said. */
  solve: ToldEvent[];
  /** Events to be thought of no more. */
  forget: ProblemEvent["name"][];
}

/** Well under the hour for which an API server keeps Events by default. */
export const REFRESH_MS = 40 * 60_000;

/** A problem that comes and goes is told of again at most this often. */
export const REPEAT_MS = 10 * 60_000;

/**
 * What has to be written so that every lasting problem has one Event, and none comes as a flood.
 *
 * @param exists whether an object with this uid is still there: nothing is said of one that is gone
 */
export function planEvents(
  told: ReadonlyMap<string, ToldEvent>,
  wanted: ReadonlyMap<string, ProblemEvent>,
  now: number,
  exists: (event: ProblemEvent) => boolean,
): EventsPlan {
  const plan: EventsPlan = { create: [], refresh: [], solve: [], forget: [] };
  for (const [name, event] of wanted) {
    const known = told.get(name);
    if (known === undefined) plan.create.push(event);
    else if (now - known.toldAt >= (known.solvedAt === undefined ? REFRESH_MS : REPEAT_MS)) plan.refresh.push(known);
  }
  for (const [name, known] of told) {
    if (wanted.has(name)) continue;
    if (known.solvedAt === undefined && exists(known.event)) plan.solve.push(known);
    else if (!exists(known.event) || now - known.toldAt >= REFRESH_MS) plan.forget.push(name);
  }
  return plan;
}
