import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onEvent, onRun, quietThrottle, type ThrottleState, URGENT_GAP_MS } from "../../sync-agent/agent/throttle.ts";

const THROTTLE_MS = 2_000;

interface Run {
  at: number;
  isUrgent: boolean;
}

/** When runs happen that take no time, for events at these times. */
function runsOf(events: readonly (readonly [at: number, isUrgent?: boolean])[], throttleMs = THROTTLE_MS): Run[] {
  const runs: Run[] = [];
  let state: ThrottleState = quietThrottle;
  const runUntil = (time: number): void => {
    if (state.due === undefined || state.due.at > time) return;
    const { at, isUrgent } = state.due;
    runs.push({ at, isUrgent });
    state = onRun(state, { startedAt: at, endedAt: at });
  };
  for (const [at, isUrgent = false] of events) {
    runUntil(at - 1);
    state = onEvent(state, { now: at, isUrgent, throttleMs });
    if (state.due?.at === at) runUntil(at);
  }
  runUntil(Number.POSITIVE_INFINITY);
  return runs;
}

const timesOf = (...events: Parameters<typeof runsOf>[0]): number[] => runsOf(events).map(({ at }) => at);

describe("throttle", () => {
  it.each([
    ["acts at once when it was quiet", [[100]], [100]],
    ["takes the rest of a burst together, counted from its first event", [[100], [200], [1_900]], [100, 2_100]],
    ["goes on at that pace", [[0], [1_000], [2_500], [3_000]], [0, 2_000, 4_000]],
    ["is quiet again after a while", [[0], [5_000]], [0, 5_000]],
    ["lets an urgent event through", [[0], [500, true]], [0, 500]],
    ["takes along what was waiting", [[0], [400], [500, true]], [0, 500]],
    ["keeps the burst's window over an urgent run", [[0], [500, true], [600]], [0, 500, 2_000]],
    [
      "joins urgent events that come close together",
      [
        [0, true],
        [5, true],
        [10, true],
      ],
      [0, URGENT_GAP_MS],
    ],
  ] as const)("%s", (_, events, expected) => {
    expect(timesOf(...events)).toEqual(expected);
  });

  it("acts on each event when there is no throttle", () => {
    expect(runsOf([[0], [10], [20]], 0).map(({ at }) => at)).toEqual([0, 10, 20]);
  });

  const anyEvents = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 1_500 }), fc.boolean()), { minLength: 1, maxLength: 60 })
    .map((steps) => {
      let at = 0;
      return steps.map(([gap, isUrgent]) => {
        at += gap;
        return [at, isUrgent] as const;
      });
    });

  it("keeps no event waiting longer than its limit", () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const runs = runsOf(events);
        for (const [at, isUrgent] of events) {
          const limit = isUrgent ? URGENT_GAP_MS : THROTTLE_MS;
          expect(runs.some((run) => run.at >= at && run.at <= at + limit)).toBe(true);
        }
      }),
    );
  });

  it("never runs twice in its window unless it was urgent", () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const calm = runsOf(events).filter(({ isUrgent }) => !isUrgent);
        for (const [index, { at }] of calm.entries()) {
          expect(at - (calm[index - 1]?.at ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(THROTTLE_MS);
        }
      }),
    );
  });
});
