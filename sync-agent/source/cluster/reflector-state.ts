import type { ApiError } from "./api-client.ts";
import type { ClusterTimes } from "./cluster-times.ts";
import type { ObjectNames } from "./read-item.ts";

/** What a reflector does next, after a wait. */
export type ReflectorState = Standing &
  ({ step: "list" } | { step: "watch"; resourceVersion: string; relistAt: number });

interface Standing {
  waitMs: number;
  /** Failures since following was last well. */
  failures: number;
  /** Those of them that a server answered, since the last list: the version may be what it does not like. */
  refusals: number;
  /** Objects for each page of a list. */
  pageSize: number;
}

/** How a step ended. */
export type Outcome =
  | { type: "listed"; resourceVersion: string }
  /** The watch was ended by the server, or by us because it was silent. */
  | { type: "ended"; resourceVersion: string; openMs: number }
  /** 410: the version, or the token for the next page, is too old. */
  | { type: "expired"; openMs: number }
  /** A version was missing or went back: what the watch says cannot be relied on. `names` is what it was said of. */
  | { type: "untrusted"; error: ApiError; names: ObjectNames }
  | { type: "failed"; error: ApiError; resourceVersion: string | undefined; openMs: number };

export interface Moment {
  now: number;
  /** From 0 up to 1. */
  random: number;
}

const PAGE_SIZE = 500;
const LARGEST_PAGE = 8_000;
/** A watch that ends sooner than this without a word is no success, or it would be begun again without end. */
const SHORT_WATCH_MS = 1_000;
/** Refusals of a watch after which its version is given up. */
const MOST_REFUSALS = 3;
/** A server asks for longer only by mistake. */
const LONGEST_RETRY_AFTER_MS = 120_000;
/** Tries at the usual pace before what is forbidden counts as forbidden for good. */
const FORBIDDEN_TRIES = 5;

export const firstState = (): ReflectorState => ({
  step: "list",
  waitMs: 0,
  failures: 0,
  refusals: 0,
  pageSize: PAGE_SIZE,
});

/** What follows from how the last step ended. Waits have full jitter: a restarted server is not met by all at once. */
export function nextState(
  state: ReflectorState,
  outcome: Outcome,
  moment: Moment,
  times: ClusterTimes,
): ReflectorState {
  const { failures, pageSize } = state;
  switch (outcome.type) {
    case "listed": {
      const relistAt = moment.now + times.relistMs * (5 / 6 + moment.random / 3);
      const { resourceVersion } = outcome;
      return { step: "watch", waitMs: 0, failures, refusals: 0, pageSize: PAGE_SIZE, resourceVersion, relistAt };
    }
    case "ended": {
      const hasMoved = state.step === "watch" && state.resourceVersion !== outcome.resourceVersion;
      if (outcome.openMs < SHORT_WATCH_MS && !hasMoved)
        return again(state, failures + 1, outcome.resourceVersion, moment, times);
      return again({ ...state, refusals: 0 }, 0, outcome.resourceVersion, moment, times);
    }
    case "expired": {
      const isOfList = state.step === "list";
      const nextFailures = wasHealthy(outcome.openMs, times) ? 0 : failures + 1;
      return {
        step: "list",
        waitMs: backoff(nextFailures, moment, times),
        failures: nextFailures,
        refusals: 0,
        pageSize: isOfList ? Math.min(pageSize * 4, LARGEST_PAGE) : pageSize,
      };
    }
    case "untrusted":
      return {
        step: "list",
        waitMs: backoff(failures + 1, moment, times),
        failures: failures + 1,
        refusals: 0,
        pageSize,
      };
    case "failed":
      return afterFailure(state, outcome, moment, times);
  }
}

function afterFailure(
  state: ReflectorState,
  { error, resourceVersion, openMs }: Extract<Outcome, { type: "failed" }>,
  moment: Moment,
  times: ClusterTimes,
): ReflectorState {
  const failures = (wasHealthy(openMs, times) ? 0 : state.failures) + 1;
  const isRefusal = error.status !== undefined && error.status !== 429 && error.code !== "unauthorized";
  const refusals = state.refusals + (isRefusal ? 1 : 0);
  const isTooLarge = error.code === "refused" && error.status === undefined;
  const pageSize = isTooLarge ? Math.max(1, Math.floor(state.pageSize / 4)) : state.pageSize;
  const next = { ...state, refusals, pageSize };
  // A version that a server has refused thrice, or does not understand, is given up; an unreachable server says nothing of it.
  const isLost = error.code === "refused" || error.code === "forbidden" || refusals >= MOST_REFUSALS;
  const onward = again(isLost ? asList(next) : next, failures, resourceVersion, moment, times);
  if (error.code === "forbidden" && failures > FORBIDDEN_TRIES) {
    return { ...onward, waitMs: times.forbiddenRetryMs * (1 + moment.random) };
  }
  return { ...onward, waitMs: Math.max(onward.waitMs, Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS)) };
}

/** The watch goes on where it stood, unless it is time to list. */
function again(
  state: ReflectorState,
  failures: number,
  resourceVersion: string | undefined,
  moment: Moment,
  times: ClusterTimes,
): ReflectorState {
  const waitMs = failures === 0 ? 0 : backoff(failures, moment, times);
  if (state.step === "list" || moment.now >= state.relistAt) return { ...asList(state), waitMs, failures };
  return { ...state, waitMs, failures, resourceVersion: resourceVersion ?? state.resourceVersion };
}

const asList = ({ waitMs, failures, refusals, pageSize }: Standing): ReflectorState => ({
  step: "list",
  waitMs,
  failures,
  refusals,
  pageSize,
});

const wasHealthy = (openMs: number, times: ClusterTimes): boolean => openMs >= times.healthyMs;

const backoff = (failures: number, { random }: Moment, { backoffMs, longestBackoffMs }: ClusterTimes): number =>
  random * Math.min(longestBackoffMs, backoffMs * 2 ** Math.min(Math.max(failures - 1, 0), 20));
