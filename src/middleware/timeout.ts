import { plainAnswer } from "../edge/plain-answer.ts";
import { forkExchange } from "../exchange/fork-exchange.ts";
import type { HopGuard } from "../hop/hop.ts";
import { noteGuard } from "./guard.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import type { MiddlewareRuntime } from "./runtime.ts";

/** How long the edge waits beyond the time for a gateway that has the request: it answers 504 itself, and counts it so. */
const GATEWAY_GRACE_MS = 500;
/** Times are told by such steps, so that most requests of a client bring the gateway the hop that it knows. */
const STEP_MS = 10;

/**
 * Gateway API's timeouts (https://gateway-api.sigs.k8s.io/geps/gep-1742/). The gateway ends what takes too long, answers
 * that have begun included; the edge answers 504 when something else than a Pod takes the time, or the gateway is silent.
 * A WebSocket that was opened stays.
 */
export const timeout: MiddlewareFactory<"timeout"> = {
  type: "timeout",
  build({ requestMs }, { name, runtime }) {
    if (requestMs <= 0) return noteGuard(name);
    return (next) => async (exchange) => {
      const guard = new ElapsedGuard(name, runtime.now);
      const wait = new AnswerWait(requestMs, guard, runtime);
      const held = forkExchange(exchange, { signal: wait.signal });
      held.guards = [...(exchange.guards ?? []), guard];
      const answering = next(held);
      const answer = await Promise.race([answering, wait.isOver]);
      if (answer === undefined) {
        exchange.failure = "timeout";
        void answering.then(({ body }) => body?.cancel()).catch(() => {});
        return plainAnswer(504, "Gateway Timeout");
      }
      wait.end();
      exchange.failure = held.failure;
      return answer;
    };
  },
};

/** Tells the gateway, as its key, how many milliseconds have passed when it is sent there. */
class ElapsedGuard implements HopGuard {
  readonly middleware: string;
  readonly #now: () => number;
  readonly #begun: number;
  #isSent = false;

  constructor(middleware: string, now: () => number) {
    this.middleware = middleware;
    this.#now = now;
    this.#begun = now();
  }

  /** Empty when that is next to nothing. */
  get key(): string {
    this.#isSent = true;
    const elapsed = Math.floor((this.#now() - this.#begun) / STEP_MS) * STEP_MS;
    return elapsed > 0 ? String(elapsed) : "";
  }

  get isSent(): boolean {
    return this.#isSent;
  }
}

/** The time that an answer has to begin in. */
class AnswerWait {
  /** Aborts when it is over. */
  readonly signal: AbortSignal;
  /** Resolves when it is over. */
  readonly isOver: Promise<undefined>;
  #hasEnded = false;

  constructor(requestMs: number, guard: Pick<ElapsedGuard, "isSent">, { timeout }: Pick<MiddlewareRuntime, "timeout">) {
    const over = new AbortController();
    this.signal = over.signal;
    this.isOver = new Promise((resolve) => over.signal.addEventListener("abort", () => resolve(undefined)));
    const stop = (reason: unknown): void => {
      if (!this.#hasEnded) over.abort(reason);
    };
    const time = timeout(requestMs);
    time.addEventListener("abort", () => {
      if (!guard.isSent) return stop(time.reason);
      if (!this.#hasEnded) timeout(GATEWAY_GRACE_MS).addEventListener("abort", () => stop(time.reason));
    });
  }

  /** The answer is there: what is behind it is not given up any more. */
  end(): void {
    this.#hasEnded = true;
  }
}
