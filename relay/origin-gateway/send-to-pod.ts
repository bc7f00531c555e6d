import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import type { HopFailure } from "../../src/hop/hop.ts";
import type { ClientExchange } from "./client-exchange.ts";
import type { Connection, PodDispatch } from "./connection.ts";
import { isUnwritable } from "./http2-request.ts";
import type { ResendableBody } from "./resendable-body.ts";
import { responseHeaders, trailerLines } from "./response-headers.ts";

export interface PodRequest {
  client: ClientExchange;
  /** What to change to. */
  upgrade: string | undefined;
  /** Name and value in turn. */
  headers: string[];
  /** Lines that the gateway adds to the Pod's answer. */
  answerHeaders: readonly string[];
  /** How long to wait for a connection. undefined: as long as the pool does. */
  dialTimeoutMs: number | undefined;
  /** How long the Pod may take from the request's end to its answer's begin. 0: no limit. */
  answerTimeoutMs: number;
  /** When the answer must have been sent, in milliseconds from now. Left out or Infinity: no limit. Upgrades are over with 101. */
  requestLeftMs?: number | undefined;
  /** The same for the Pod, from the moment that there is a connection to it. */
  backendRequestMs?: number | undefined;
  /** In place of the client's own body. */
  body?: ResendableBody | undefined;
  /** Told the status of the Pod's answer; false when the client is not to get it. Upgrades are always taken. */
  accepts?: ((status: number) => boolean) | undefined;
  /** Whether the connection may carry another request after this one. */
  isConnectionKept: boolean;
}

/**
 * How an attempt ended. `answered`: the client has the Pod's answer, whole or cut. `refused`: there was no connection,
 * so no byte was sent. `closed`: the connection ended before a byte of the answer, so the request may have been taken or
 * not. `unprocessed`: the Pod says that it has not taken it. `declined`: its answer was not accepted. `failed`: anything else before the answer. `abandoned`: the client went away.
 */
export type AttemptOutcome =
  | { kind: "answered" | "refused" | "abandoned" | "unprocessed" | "declined" }
  | { kind: "closed"; wasReused: boolean }
  | { kind: "failed"; failure: HopFailure };

/** Sends a request to one Pod and streams its answer back, each side at the pace of the other. */
export const sendToPod = (connection: Connection, podRequest: PodRequest): Promise<AttemptOutcome> =>
  new Promise((resolve) => {
    new Attempt(connection, podRequest, resolve).start();
  });

type Controller = Dispatcher.DispatchController;

class Attempt implements Dispatcher.DispatchHandler {
  readonly #settle: (outcome: AttemptOutcome) => void;
  readonly #connection: Connection;
  readonly #podRequest: PodRequest;
  /** `answering` from the first byte that the client gets. */
  #state: "dialling" | "waiting" | "answering" | "settled" = "dialling";
  #isSent = false;
  #isBodyTaken = false;
  #hasWaited = false;
  #hasAnswerBegun = false;
  #controller: Controller | undefined;
  #timer: NodeJS.Timeout | undefined;
  #requestTimer: NodeJS.Timeout | undefined;
  #backendTimer: NodeJS.Timeout | undefined;

  constructor(connection: Connection, podRequest: PodRequest, settle: (outcome: AttemptOutcome) => void) {
    this.#settle = settle;
    this.#connection = connection;
    this.#podRequest = podRequest;
  }

  start(): void {
    const { client, upgrade, headers, body, dialTimeoutMs, requestLeftMs } = this.#podRequest;
    this.#requestTimer = this.#limit(requestLeftMs);
    client.onClose(this.#onClientGone);
    const request: PodDispatch = { path: client.target, method: client.method, headers, body: null };
    if (client.hasBody) {
      request.body =
        body?.read() ??
        client.readBody(() => {
          this.#isBodyTaken = true;
        });
      request.trailers = () => trailerLines([...client.trailers]);
    }
    if (upgrade !== undefined) request.upgrade = upgrade;
    this.#connection.dispatcher.dispatch(request, this);
    if (this.#state === "dialling" && dialTimeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.#end({ kind: "refused" }), dialTimeoutMs);
    }
  }

  onRequestStart(controller: Controller): void {
    if (this.#state !== "dialling") {
      controller.abort(new Error("the attempt was given up"));
      return;
    }
    clearTimeout(this.#timer);
    this.#controller = controller;
    this.#state = "waiting";
    this.#backendTimer = this.#limit(this.#podRequest.backendRequestMs);
  }

  onRequestSent(): void {
    this.#isSent = true;
    const { answerTimeoutMs } = this.#podRequest;
    if (this.#state !== "waiting" || answerTimeoutMs <= 0) return;
    this.#timer = setTimeout(() => this.#end({ kind: "failed", failure: "timeout" }), answerTimeoutMs);
  }

  onResponseStarted(): void {
    this.#hasAnswerBegun = true;
  }

  onRequestUpgrade(controller: Controller, status: number, _: unknown, pod: Duplex): void {
    if (this.#state !== "waiting") {
      pod.destroy();
      return;
    }
    const { client, answerHeaders, accepts } = this.#podRequest;
    accepts?.(status);
    const lines = [...responseHeaders(controller.rawHeaders, status), ...answerHeaders];
    this.#end({ kind: "answered" });
    client.tunnel(pod, lines);
  }

  onResponseStart(controller: Controller, status: number, _: unknown, statusMessage?: string): void {
    if (this.#state !== "waiting" || status < 200) return;
    clearTimeout(this.#timer);
    const { client, answerHeaders, accepts } = this.#podRequest;
    if (accepts?.(status) === false) {
      this.#end({ kind: "declined" });
      return;
    }
    const lines = responseHeaders(controller.rawHeaders, status);
    if (answerHeaders.length > 0) lines.push(...answerHeaders);
    this.#state = "answering";
    client.begin(status, statusMessage ?? "", lines);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#state !== "answering") return;
    if (this.#podRequest.client.write(chunk)) return;
    controller.pause();
    if (this.#hasWaited) return;
    this.#hasWaited = true;
    this.#podRequest.client.onDrain(() => controller.resume());
  }

  onResponseEnd(controller: Controller): void {
    if (this.#state !== "answering") return;
    this.#podRequest.client.end(trailerLines(controller.rawTrailers));
    // A Pod that answered early leaves a connection on which the rest of the body is missing.
    this.#end({ kind: "answered" }, this.#isSent);
  }

  onResponseError(_: unknown, error: Error): void {
    // A clean end would make a cut answer look whole.
    if (this.#state === "answering") this.#podRequest.client.cut();
    if (this.#state !== "settled") this.#end(this.#explain(error));
  }

  readonly #onClientGone = (): void => {
    if (!this.#podRequest.client.isAnswered) this.#end({ kind: "abandoned" });
  };

  #limit(ms = Number.POSITIVE_INFINITY): NodeJS.Timeout | undefined {
    return ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(this.#onTimeUp, ms);
  }

  readonly #onTimeUp = (): void => {
    if (this.#state === "answering") {
      this.#podRequest.client.cut();
      this.#controller?.abort(new Error("the answer takes too long"));
    }
    this.#end(this.#state === "answering" ? { kind: "answered" } : { kind: "failed", failure: "timeout" });
  };

  #end(outcome: AttemptOutcome, isReusable = false): void {
    if (this.#state === "settled") return;
    this.#state = "settled";
    clearTimeout(this.#timer);
    clearTimeout(this.#requestTimer);
    clearTimeout(this.#backendTimer);
    this.#podRequest.client.offClose(this.#onClientGone);
    if (outcome.kind !== "answered") this.#controller?.abort(new Error(`the attempt is ${outcome.kind}`));
    this.#connection.release(isReusable && this.#podRequest.isConnectionKept);
    this.#settle(outcome);
  }

  #explain(error: Error): AttemptOutcome {
    const { code } = error as NodeJS.ErrnoException;
    const { body } = this.#podRequest;
    const isSpent = body === undefined ? this.#isBodyTaken : !body.isWhole;
    if (code === "UNPROCESSED" && this.#state !== "answering" && !isSpent) return { kind: "unprocessed" };
    switch (this.#state) {
      case "answering":
        return { kind: "answered" };
      case "dialling":
        return isUnwritable(error) ? { kind: "failed", failure: "broken" } : { kind: "refused" };
      default:
        return !this.#hasAnswerBegun && CLOSED.has(code ?? "")
          ? { kind: "closed", wasReused: this.#connection.isReused }
          : { kind: "failed", failure: "broken" };
    }
  }
}

/** How the end of a connection shows. */
const CLOSED = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
