import type { HopFailure } from "../../../src/hop/hop.ts";
import { statusOf } from "../answer.ts";
import { enterAll, isRefusal, type Refusal } from "./guard.ts";
import type { GuardPlan, GuardSet } from "./guard-set.ts";

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
  send(accepts: (status: number) => boolean): Promise<{ answer: Answer } | "declined" | HopFailure>;
}

export type GuardedOutcome<Answer> = { answer: Answer } | { refusal: Refusal } | HopFailure;

/** Lets a request in, or not, sends it as often as it takes, and tells those who let it in what became of it. */
export async function runGuarded<Answer>(
  { outer, retry, inner }: GuardPlan,
  request: GuardedRequest<Answer>,
  { now, random }: Pick<GuardSet, "now" | "random">,
): Promise<GuardedOutcome<Answer>> {
  const whole = enterAll(outer);
  if (isRefusal(whole)) return { refusal: whole };
  const end = watchEnd(request);
  end.tell(() => whole.left());
  const begun = now();

  for (let times = 1; ; times++) {
    const isLast = (): boolean =>
      retry === undefined ||
      times >= retry.attempts ||
      end.isOver() ||
      (retry.timeoutMs > 0 && now() - begun >= retry.timeoutMs);
    const isFailure = (status: number): boolean =>
      !isLast() && retry?.forAnswersTo(request.method) === true && retry.forStatus(status) && request.isWhole();

    const entered = enterAll(inner);
    if (isRefusal(entered)) {
      if (!isFailure(entered.status)) {
        whole.answered(entered.status);
        return { refusal: entered };
      }
    } else {
      end.tell(() => entered.left());
      const outcome = await request.send((status) => {
        entered.answered(status);
        if (isFailure(status)) return false;
        whole.answered(status);
        return true;
      });
      if (typeof outcome === "object") return outcome;
      if (outcome !== "declined") {
        const status = statusOf(outcome);
        entered.answered(status);
        const isNetwork = outcome === "unreachable" && retry?.forNetwork === true && !isLast();
        if (!isNetwork && !isFailure(status)) {
          whole.answered(status);
          return outcome;
        }
      }
      entered.left();
    }
    retry?.onRetry();
    await end.pause(retry?.pauseMs(times, random()) ?? 0);
    if (end.isOver()) return "broken";
  }
}

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
