import { createLazyBody, type LazyBody } from "./lazy-body.ts";

/** Where an answer goes. */
export interface AnswerSink {
  /** @returns whether more can be taken without holding it in memory; if not, `resume` asks for more */
  write(chunk: Buffer): boolean;
  /** @param trailers name and value in turn */
  end(trailers: readonly string[]): void;
  /** The answer is not whole. */
  cut(): void;
}

interface Flow {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** A Pod's answer to a call. Nothing of its body moves before it is connected, or read as a stream of the web. */
export class PodAnswer {
  readonly status: number;
  /** Header lines, name and value in turn. */
  readonly lines: readonly string[];
  readonly body: LazyBody;
  /** Once it has ended. */
  trailers: readonly string[] = [];
  readonly #flow: Flow;
  #isLate = false;
  /** What came before there was a sink, though the flow was told to wait. */
  readonly #early: Buffer[] = [];
  #sink: AnswerSink | undefined;
  #state: "open" | "whole" | "cut" = "open";

  constructor(status: number, lines: readonly string[], flow: Flow) {
    this.status = status;
    this.lines = lines;
    this.#flow = flow;
    this.body = createLazyBody(
      () => this.#iterate(),
      () => this.abandon(),
    );
  }

  /** Whether it was cut since its time was up. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** Hands everything to a sink, at its pace. */
  connect(sink: AnswerSink): void {
    this.#sink = sink;
    for (const chunk of this.#early.splice(0)) sink.write(chunk);
    if (this.#state === "cut") sink.cut();
    else if (this.#state === "whole") sink.end(this.trailers);
    else this.#flow.resume();
  }

  /** The sink can take more. */
  resume(): void {
    if (this.#state === "open") this.#flow.resume();
  }

  /** Nobody wants it any more. */
  abandon(): void {
    if (this.#state === "open") this.#flow.abort(new Error("nobody wants the answer any more"));
  }

  /** From the Pod. */
  take(chunk: Buffer): void {
    // HTTP/1.1's parser hands out nothing each time that it is resumed early: to wait for more of that would never end.
    if (chunk.length === 0) return;
    if (this.#sink === undefined) this.#early.push(chunk);
    else if (!this.#sink.write(chunk)) this.#flow.pause();
  }

  /** From the Pod: that was all. */
  finish(trailers: readonly string[]): void {
    if (this.#state !== "open") return;
    this.#state = "whole";
    this.trailers = trailers;
    this.#sink?.end(trailers);
  }

  /** From the Pod: there will be no more. @param isLate whether that is since its time is up */
  cut(isLate = false): void {
    if (this.#state !== "open") return;
    this.#state = "cut";
    this.#isLate = isLate;
    this.#sink?.cut();
  }

  async *#iterate(): AsyncGenerator<Buffer, void> {
    const chunks: Buffer[] = [];
    let [isWhole, isCut] = [false, false];
    let wake = (): void => {};
    this.connect({
      write(chunk) {
        chunks.push(chunk);
        wake();
        return false;
      },
      end() {
        isWhole = true;
        wake();
      },
      cut() {
        isCut = true;
        wake();
      },
    });
    for (;;) {
      const chunk = chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (isWhole) return;
      else if (isCut) throw new Error("the Pod's answer was cut");
      else {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        this.resume();
        await woken;
      }
    }
  }
}
