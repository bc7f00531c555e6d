import type { Dispatcher } from "undici";
import type { Connection, PodDispatch } from "../origin-gateway/connection.ts";
import { isUnwritable, UnprocessedError } from "../origin-gateway/http2-request.ts";
import { PodAnswer } from "./pod-answer.ts";

/**
 * How an attempt ended. `refused`: there was no connection. `unprocessed`: the Pod says that it has not begun the call.
 * `failed`: it may have begun it; `timeout`: so it may, and its answer did not begin in time.
 */
export type CallOutcome =
  | { kind: "answered"; answer: PodAnswer }
  | { kind: "refused" | "unprocessed" | "failed" | "timeout" };

export interface PodCallOptions {
  /** Ends the call: its client went away, or its time is up. */
  signal: AbortSignal;
  /** How long to wait for a connection. undefined: as long as the pool does. */
  dialTimeoutMs: number | undefined;
  /** What there is for all of the answer, in milliseconds; undefined or Infinity: what it takes. */
  answerLeftMs?: number | undefined;
  /** What the Pod has from the call's last byte to its answer's first, in milliseconds; undefined or 0: what it takes. */
  responseTimeoutMs?: number | undefined;
}

type Controller = Dispatcher.DispatchController;

/** Sends a call to one Pod. */
export function callPod(connection: Connection, request: PodDispatch, options: PodCallOptions): Promise<CallOutcome> {
  const call = new PodCall(connection, options);
  call.start(request);
  return call.outcome;
}

class PodCall implements Dispatcher.DispatchHandler {
  readonly outcome: Promise<CallOutcome>;
  readonly #settle: (outcome: CallOutcome) => void;
  readonly #connection: Connection;
  readonly #options: PodCallOptions;
  #controller: Controller | undefined;
  #answer: PodAnswer | undefined;
  #dialTimer: NodeJS.Timeout | undefined;
  #answerTimer: NodeJS.Timeout | undefined;
  #responseTimer: NodeJS.Timeout | undefined;
  #isTimeUp = false;
  #isOver = false;

  constructor(connection: Connection, options: PodCallOptions) {
    const { promise, resolve } = Promise.withResolvers<CallOutcome>();
    this.outcome = promise;
    this.#settle = resolve;
    this.#connection = connection;
    this.#options = options;
  }

  start(request: PodDispatch): void {
    const { signal, dialTimeoutMs, answerLeftMs = Number.POSITIVE_INFINITY } = this.#options;
    if (signal.aborted) {
      this.#end({ kind: "failed" });
      return;
    }
    signal.addEventListener("abort", this.#onAbort);
    if (dialTimeoutMs !== undefined) {
      this.#dialTimer = setTimeout(() => this.#end({ kind: "refused" }), dialTimeoutMs);
    }
    if (answerLeftMs !== Number.POSITIVE_INFINITY) {
      this.#answerTimer = setTimeout(this.#onTimeUp, answerLeftMs);
    }
    this.#connection.dispatcher.dispatch(request, this);
  }

  onRequestStart(controller: Controller): void {
    if (this.#isOver) {
      controller.abort(new Error("the call was given up"));
      return;
    }
    clearTimeout(this.#dialTimer);
    this.#controller = controller;
  }

  onRequestSent(): void {
    const { responseTimeoutMs = 0 } = this.#options;
    if (this.#isOver || this.#answer !== undefined || responseTimeoutMs <= 0) return;
    this.#responseTimer = setTimeout(this.#onTimeUp, responseTimeoutMs);
  }

  onResponseStart(controller: Controller, status: number): void {
    if (this.#isOver || status < 200) return;
    clearTimeout(this.#responseTimer);
    // Nothing of it is read before someone is there to take it.
    controller.pause();
    this.#answer = new PodAnswer(status, rawLines(controller.rawHeaders), controller);
    this.#settle({ kind: "answered", answer: this.#answer });
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.#answer?.take(chunk);
  }

  onResponseEnd(controller: Controller): void {
    this.#answer?.finish(rawLines(controller.rawTrailers));
    this.#end({ kind: "failed" });
  }

  onResponseError(_: Controller, error: Error): void {
    this.#answer?.cut();
    if (error instanceof UnprocessedError) this.#end({ kind: "unprocessed" });
    else this.#end({ kind: this.#controller === undefined && !isUnwritable(error) ? "refused" : "failed" });
  }

  readonly #onTimeUp = (): void => {
    this.#isTimeUp = true;
    this.#onAbort();
  };

  readonly #onAbort = (): void => {
    this.#controller?.abort(new Error("the call has ended"));
    this.#answer?.cut(this.#isTimeUp);
    this.#end({ kind: "failed" });
  };

  /** An outcome that was told before stays. */
  #end(outcome: CallOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#dialTimer);
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#responseTimer);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#settle(this.#isTimeUp ? { kind: "timeout" } : outcome);
    this.#connection.release(this.#answer !== undefined);
  }
}

function rawLines(raw: Controller["rawHeaders"]): string[] {
  return Array.isArray(raw) ? raw.map((text) => (typeof text === "string" ? text : text.toString("latin1"))) : [];
}
