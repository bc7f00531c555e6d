/** When objects are translated next. Times are in milliseconds of one clock. */
export interface ThrottleState {
  /** When the last run that nobody had called urgent began. */
  readonly ranAt: number;
  /** When the last run of any kind ended. */
  readonly endedAt: number;
  readonly due: { readonly at: number; readonly isUrgent: boolean } | undefined;
}

/** What comes in this time after an urgent run waits for its end: a thousand endpoints that leave are not a thousand runs. */
export const URGENT_GAP_MS = 20;

export const quietThrottle: ThrottleState = {
  ranAt: Number.NEGATIVE_INFINITY,
  endedAt: Number.NEGATIVE_INFINITY,
  due: undefined,
};

/**
 * The first event of a burst is acted upon at once, those after it together when `throttleMs` have passed since: as
 * Traefik's `providersThrottleDuration` has it. An urgent event waits for nobody, and takes along what was waiting.
 */
export function onEvent(
  state: ThrottleState,
  { now, isUrgent, throttleMs }: { now: number; isUrgent: boolean; throttleMs: number },
): ThrottleState {
  const at = isUrgent ? Math.max(now, state.endedAt + URGENT_GAP_MS) : Math.max(now, state.ranAt + throttleMs);
  return state.due !== undefined && state.due.at <= at ? state : { ...state, due: { at, isUrgent } };
}

/**
 * The state after a run. One that was urgent leaves the burst's window as it was: otherwise endpoints that come and go
 * would hold back a new route again and again.
 */
export function onRun(
  state: ThrottleState,
  { startedAt, endedAt }: { startedAt: number; endedAt: number },
): ThrottleState {
  return { ranAt: state.due?.isUrgent ? state.ranAt : startedAt, endedAt, due: undefined };
}
