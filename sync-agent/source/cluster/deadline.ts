/** One signal for whoever gave something up: the caller, or the clock. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time is what ended it. */
  readonly isOver: boolean;
  /** From here on only the caller can end it. */
  stopClock(): void;
  /** Ends the clock and lets go of the caller's signal. */
  release(): void;
}

/** `AbortSignal.any` with a time-out would do, but keeps each of them alive as long as the caller's signal. */
export function startDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let isOver = false;
  const give = (): void => controller.abort(caller?.reason);
  if (caller?.aborted) give();
  else caller?.addEventListener("abort", give, { once: true });
  const timer = setTimeout(() => {
    isOver = true;
    controller.abort(new Error(`no answer within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    stopClock: () => clearTimeout(timer),
    release() {
      clearTimeout(timer);
      caller?.removeEventListener("abort", give);
    },
  };
}
