import { STATUS_CODES } from "node:http";
import type { MiddlewareOptions } from "../../../src/table/middleware.ts";
import { AnswerMetrics } from "./answer-metrics.ts";
import { admit, type BreakerState, CLOSED, check } from "./breaker-state.ts";
import type { Guard, Pass, Refusal } from "./guard.ts";
import { meetsCondition } from "./meets-condition.ts";

export interface BreakerEvents {
  onOpened(): void;
  onRefused(): void;
}

/** What a client's end without an answer counts as. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Traefik's circuitBreaker for the requests of one router. A request's latency is the time until its answer begins: how
 * long a body takes is the client's doing as well.
 */
export class Breaker implements Guard {
  readonly options: MiddlewareOptions<"circuitBreaker">;
  readonly #now: () => number;
  readonly #events: BreakerEvents;
  readonly #refusal: Refusal;
  readonly #metrics = new AnswerMetrics();
  #state: BreakerState = CLOSED;
  /** How often it has opened: what was let in before says nothing of what came after. */
  #opened = 0;

  /** @param now milliseconds */
  constructor(options: MiddlewareOptions<"circuitBreaker">, now: () => number, events: BreakerEvents) {
    this.options = options;
    this.#now = now;
    this.#events = events;
    this.#refusal = { status: options.responseCode, text: STATUS_CODES[options.responseCode] ?? "" };
  }

  enter(): Pass | Refusal {
    const begun = this.#now();
    const { state, isAdmitted } = admit(this.#state, begun, this.options);
    this.#state = state;
    if (!isAdmitted) {
      this.#events.onRefused();
      return this.#refusal;
    }
    const opened = this.#opened;
    let isAnswered = false;
    const answered = (status: number): void => {
      isAnswered = true;
      if (opened === this.#opened) this.#record(status, begun);
    };
    return {
      answered,
      left: () => {
        if (!isAnswered) answered(CLIENT_CLOSED_REQUEST);
      },
    };
  }

  #record(status: number, begun: number): void {
    const now = this.#now();
    this.#metrics.record(status, now - begun, now);
    const { condition } = this.options;
    this.#state = check(this.#state, now, this.options, () => meetsCondition(condition, this.#metrics, now));
    if (this.#state.kind !== "open") return;
    this.#opened++;
    this.#metrics.reset();
    this.#events.onOpened();
  }
}
