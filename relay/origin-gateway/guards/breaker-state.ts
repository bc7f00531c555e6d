/** Times of a circuit breaker, in milliseconds. */
export interface BreakerTimes {
  /** Between two looks at whether it opens. */
  checkPeriodMs: number;
  /** How long it stays open. */
  fallbackDurationMs: number;
  /** How long it takes to let all requests pass again. */
  recoveryDurationMs: number;
}

/** Where a circuit breaker is. Moments are milliseconds on the caller's clock; before `checkAt` it is not looked at again. */
export type BreakerState =
  | { kind: "closed"; checkAt: number }
  | { kind: "open"; until: number }
  | { kind: "recovering"; since: number; until: number; admitted: number; refused: number; checkAt: number };

export const CLOSED: BreakerState = { kind: "closed", checkAt: Number.NEGATIVE_INFINITY };

/** A request comes. While the breaker recovers, ever more are let in, up to one of two. */
export function admit(
  state: BreakerState,
  now: number,
  times: BreakerTimes,
): { state: BreakerState; isAdmitted: boolean } {
  switch (state.kind) {
    case "closed":
      return { state, isAdmitted: true };
    case "open": {
      if (now < state.until) return { state, isAdmitted: false };
      const until = now + times.recoveryDurationMs;
      const checkAt = Number.NEGATIVE_INFINITY;
      return admit({ kind: "recovering", since: now, until, admitted: 0, refused: 0, checkAt }, now, times);
    }
    case "recovering": {
      if (now >= state.until) return { state: { kind: "closed", checkAt: state.checkAt }, isAdmitted: true };
      const { since, until, admitted, refused } = state;
      const share = (0.5 * (now - since)) / (until - since);
      const isAdmitted = (admitted + 1) / (admitted + 1 + refused) < share;
      return {
        state: isAdmitted ? { ...state, admitted: admitted + 1 } : { ...state, refused: refused + 1 },
        isAdmitted,
      };
    }
  }
}

/**
 * A request was answered.
 *
 * @param isTripped whether the answers of late meet the condition; asked only when it is time to
 */
export function check(state: BreakerState, now: number, times: BreakerTimes, isTripped: () => boolean): BreakerState {
  if (state.kind === "open" || now < state.checkAt) return state;
  if (isTripped()) return { kind: "open", until: now + times.fallbackDurationMs };
  return { ...state, checkAt: now + times.checkPeriodMs };
}
