import { plainAnswer } from "../edge/plain-answer.ts";
import { dropBody } from "../exchange/drop-body.ts";
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
      try {
        const answer = await Promise.race([answering, wait.isOver]);
        exchange.failure = answer === undefined ? "timeout" : held.failure;
        if (answer !== undefined) return answer;
        void answering.then(dropBody, () => {});
        return plainAnswer(504, "Gateway Timeout");
      } finally {
        wait.end();
      }
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
  readonly #over = new AbortController();
  readonly #guard: Pick<ElapsedGuard, "isSent">;
  readonly #timeout: MiddlewareRuntime["timeout"];
  #time: AbortSignal;

  constructor(requestMs: number, guard: Pick<ElapsedGuard, "isSent">, { timeout }: Pick<MiddlewareRuntime, "timeout">) {
    const { signal } = this.#over;
    this.signal = signal;
    this.isOver = new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    this.#guard = guard;
    this.#timeout = timeout;
    this.#time = timeout(requestMs);
    this.#time.addEventListener("abort", this.#onTime);
  }

  /** The answer is there: what is behind it is not given up any more, and the timer keeps nothing of it. */
  end(): void {
    this.#time.removeEventListener("abort", this.#onTime);
    this.#time.removeEventListener("abort", this.#stop);
  }

  readonly #onTime = (): void => {
    if (!this.#guard.isSent) {
      this.#stop();
      return;
    }
    this.#time = this.#timeout(GATEWAY_GRACE_MS);
    this.#time.addEventListener("abort", this.#stop);
  };

  readonly #stop = (): void => this.#over.abort(this.#time.reason);
}
