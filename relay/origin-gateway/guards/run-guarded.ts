import type { HopFailure } from "../../../src/hop/hop.ts";
import { statusOf } from "../answer.ts";
import { enterAll, isRefusal, type Refusal } from "./guard.ts";
import type { GuardPlan, GuardSet } from "./guard-set.ts";
import { NO_TIMEOUT } from "./timeout.ts";

/** The times that a request has for one of its attempts. */
export interface AttemptTimes {
  /** When its answer must have been sent, by the guards' clock; Infinity: whenever. */
  readonly deadline: number;
  /** What a Pod has for all of its answer, in milliseconds; Infinity: what it takes. */
  readonly backendRequestMs: number;
}

/** A request on its way through its guards. `Answer` is what its client gets. */
export interface GuardedRequest<Answer> {
  readonly method: string;
  /** Told once, when nobody waits for an answer any more. Never told if that is so already. */
  onEnd(listener: () => void): void;
  /** Whether all of it can be sent again. */
  isWhole(): boolean;
  /**
   * Sends it. `declined`: a Pod's answer was not taken.
   *
   * @param accepts told the status of a Pod's answer; false when the client is not to get it
   */
  send(
    accepts: (status: number) => boolean,
    times: AttemptTimes,
  ): Promise<{ answer: Answer } | "declined" | HopFailure>;
}

export type GuardedOutcome<Answer> = { answer: Answer } | { refusal: Refusal } | HopFailure;

/** Lets a request in, or not, sends it as often as it takes, and tells those who let it in what became of it. */
export async function runGuarded<Answer>(
  { outer, retry, inner, timeout = NO_TIMEOUT }: GuardPlan,
  request: GuardedRequest<Answer>,
  { now, random }: Pick<GuardSet, "now" | "random">,
): Promise<GuardedOutcome<Answer>> {
  const whole = enterAll(outer);
  if (isRefusal(whole)) return { refusal: whole };
  const end = watchEnd(request);
  end.tell(() => whole.left());
  const begun = now();
  const deadline = begun + timeout.requestMs;
  const attemptTimes = { deadline, backendRequestMs: timeout.backendRequestMs };

  for (let times = 1; ; times++) {
    const pauseMs = retry?.pauseMs(times, random()) ?? 0;
    const isLast = (): boolean =>
      retry === undefined ||
      times >= retry.attempts ||
      end.isOver() ||
      (retry.timeoutMs > 0 && now() - begun >= retry.timeoutMs) ||
      now() + pauseMs + SHORTEST_ATTEMPT_MS > deadline;
    const isRefused = (status: number): boolean =>
      !isLast() && retry?.forAnswer(status, request.method) === true && request.isWhole();
    const isFailure = (failure: HopFailure): boolean =>
      !isLast() &&
      retry?.forFailure(failure, request.method) === true &&
      (failure === "unreachable" || request.isWhole());

    const entered = enterAll(inner);
    if (isRefusal(entered)) {
      if (!isRefused(entered.status)) {
        whole.answered(entered.status);
        return { refusal: entered };
      }
    } else {
      end.tell(() => entered.left());
      const outcome = await request.send((status) => {
        entered.answered(status);
        if (isRefused(status)) return false;
        whole.answered(status);
        return true;
      }, attemptTimes);
      if (typeof outcome === "object") return outcome;
      if (outcome !== "declined") {
        const status = statusOf(outcome);
        entered.answered(status);
        if (!isFailure(outcome)) {
          whole.answered(status);
          return outcome;
        }
      }
      entered.left();
    }
    retry?.onRetry();
    await end.pause(pauseMs);
    if (end.isOver()) return "broken";
  }
}

/** Timers are this exact at best: what has less time left is not sent. */
const SHORTEST_ATTEMPT_MS = 2;

/** The request's end, as those need it that wait for it. */
function watchEnd({ onEnd }: Pick<GuardedRequest<unknown>, "onEnd">) {
  const listeners: (() => void)[] = [];
  let isOver = false;
  onEnd(() => {
    isOver = true;
    for (const listener of listeners.splice(0)) listener();
  });
  return {
    isOver: (): boolean => isOver,
    tell: (listener: () => void): void => void listeners.push(listener),
    /** Resolves after so many milliseconds, or at the end. */
    pause: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        listeners.push(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}
