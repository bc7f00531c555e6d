import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Readable } from "node:stream";
import { recordOf } from "../origin-gateway/http2-lines.ts";
import { ResendableBody } from "../origin-gateway/resendable-body.ts";
import { clientHeaders } from "./call-headers.ts";
import { codeOfStatus, DEADLINE_EXCEEDED, encodeMessage, UNAVAILABLE, UNKNOWN } from "./grpc-status.ts";
import { parseGrpcTimeout } from "./grpc-timeout.ts";
import { createLazyBody, type LazyBody } from "./lazy-body.ts";
import type { PodAnswer } from "./pod-answer.ts";

/** Timers count to no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** What an answer of HTTP says of a body that a call does not get. */
const ABOUT_BODY = new Set(["content-type", "content-length", "content-encoding", "cache-control"]);

const TOO_LATE = "The call took longer than its route allows";

/** One call of a client: a stream of its connection, with its deadline. */
export class ClientCall {
  /** What the client sends, for middlewares. */
  readonly body: LazyBody;
  readonly #stream: ServerHttp2Stream;
  readonly #own: ResendableBody;
  readonly #abort = new AbortController();
  readonly #now: () => number;
  readonly #deadline: number | undefined;
  readonly #onEnd: (code: number | undefined) => void;
  #timer: NodeJS.Timeout | undefined;
  #answer: PodAnswer | undefined;
  #trailers: Record<string, string | string[]> = {};
  #code: number | undefined;

  /**
   * @param now milliseconds on a clock that never goes back
   * @param onEnd told once, with the code that the client got; undefined when it got none
   */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    now: () => number,
    onEnd: (code: number | undefined) => void,
  ) {
    this.#stream = stream;
    this.#now = now;
    this.#onEnd = onEnd;
    this.#own = new ResendableBody(stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>);
    this.body = createLazyBody(
      () => this.#own.read(),
      () => {},
    );
    const timeout = headers["grpc-timeout"];
    const timeoutMs = parseGrpcTimeout(typeof timeout === "string" ? timeout : undefined);
    this.#deadline = timeoutMs === undefined ? undefined : now() + timeoutMs;
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(
        () => this.expire("The call took longer than its deadline"),
        Math.min(timeoutMs, LONGEST_TIMER_MS),
      );
    }
    stream.on("error", () => {});
    stream.once("wantTrailers", () => {
      stream.sendTrailers(this.#trailers);
      setImmediate(() => this.#spareRest());
    });
    stream.once("close", () => {
      clearTimeout(this.#timer);
      this.#abort.abort();
      this.#onEnd(stream.rstCode === constants.NGHTTP2_NO_ERROR ? this.#code : undefined);
    });
  }

  /** Aborted once the client is gone, has its answer, or its time is up. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Milliseconds that are left of the client's time; undefined when it named none. */
  get leftMs(): number | undefined {
    return this.#deadline === undefined ? undefined : this.#deadline - this.#now();
  }

  /** What to send to a Pod: the client's own bytes, unless a service or a middleware has put others in their place. */
  bodyFor(body: ReadableStream<Uint8Array> | null): ResendableBody {
    if (body === null) return new ResendableBody(nothing());
    if (body === this.body.stream && !this.body.isTaken) return this.#own;
    return new ResendableBody(chunksOf(body));
  }

  /** A Pod has answered; the last one counts. */
  answeredBy(answer: PodAnswer): void {
    this.#answer = answer;
  }

  /** Ends the call with a status and nothing else (gRPC over HTTP/2, Trailers-Only). */
  refuse(code: number, message: string, headers: Record<string, string[]> = {}): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    this.#code = code;
    if (stream.headersSent) {
      this.#trailers = { "grpc-status": String(code), "grpc-message": encodeMessage(message) };
      this.#close();
      return;
    }
    stream.respond(
      {
        ":status": 200,
        "content-type": "application/grpc",
        ...headers,
        "grpc-status": String(code),
        "grpc-message": encodeMessage(message),
      },
      { endStream: true },
    );
    this.#close();
  }

  /**
   * Answers by what came out of middlewares and service.
   *
   * @param isLate whether that is in place of an answer that did not come in time
   */
  answer(response: Response, isLate = false): void {
    const stream = this.#stream;
    const answer = this.#answer;
    if (stream.destroyed || stream.closed || this.signal.aborted) {
      answer?.abandon();
      return;
    }
    const { status, headers, body } = response;
    if (answer !== undefined && body === answer.body.stream && !answer.body.isTaken) {
      this.#passOn(answer, status, headers);
      return;
    }
    if (/^application\/grpc/i.test(headers.get("content-type") ?? "")) {
      this.#passOnChanged(response);
      return;
    }
    answer?.abandon();
    void body?.cancel().catch(() => {});
    const told = clientHeaders(headers, ABOUT_BODY);
    // What is left of it when the status was changed on the way is that status.
    if (isLate && status === 504) this.refuse(DEADLINE_EXCEEDED, TOO_LATE, told);
    else this.refuse(codeOfStatus(status), `The call was answered ${status}`, told);
  }

  #passOn(answer: PodAnswer, status: number, headers: Headers): void {
    const stream = this.#stream;
    const isTrailersOnly = headers.has("grpc-status");
    if (isTrailersOnly) this.#code = readCode(headers.get("grpc-status"));
    stream.respond(
      { ":status": status, ...clientHeaders(headers) },
      isTrailersOnly ? { endStream: true } : { waitForTrailers: true },
    );
    stream.on("drain", () => answer.resume());
    answer.connect({
      write: (chunk) => stream.destroyed || stream.writableEnded || stream.write(chunk),
      end: (lines) => this.#finish(lines),
      cut: () => this.#cut(),
    });
  }

  /** A body that a middleware has read and made anew. */
  #passOnChanged({ status, headers, body }: Response): void {
    this.#stream.respond({ ":status": status, ...clientHeaders(headers) }, { waitForTrailers: true });
    Readable.from(body === null ? [] : chunksOf(body))
      .on("error", () => this.#cut())
      .on("end", () => this.#finish(this.#answer?.trailers ?? []))
      .pipe(this.#stream, { end: false });
  }

  #finish(lines: readonly string[]): void {
    if (this.#code === undefined) {
      this.#trailers = recordOf(lines);
      this.#code = readCode(this.#trailers["grpc-status"]?.at(0) ?? null);
    }
    this.#close();
  }

  #cut(): void {
    if (this.#code !== undefined) return;
    if (this.#answer?.isLate === true) this.refuse(DEADLINE_EXCEEDED, TOO_LATE);
    else this.refuse(UNAVAILABLE, "The connection to the Pod was cut");
  }

  /** Ends the call since a time for it is over. */
  expire(message: string): void {
    if (this.#stream.destroyed || this.#stream.closed) return;
    const hasNoRoom = this.#stream.writableNeedDrain;
    this.refuse(DEADLINE_EXCEEDED, message);
    this.#abort.abort();
    // A client that does not read would never come to the end of it.
    if (hasNoRoom) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #close(): void {
    const stream = this.#stream;
    if (stream.sentHeaders["grpc-status"] !== undefined) stream.once("finish", () => this.#spareRest());
    stream.end();
  }

  /** Whoever has its answer need not send the rest of its call (RFC 9113, section 8.1). */
  #spareRest(): void {
    const stream = this.#stream;
    if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

const readCode = (value: string | null): number => (/^\d{1,9}$/.test(value ?? "") ? Number(value) : UNKNOWN);

async function* nothing(): AsyncGenerator<Buffer, void> {}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Buffer, void> {
  for await (const chunk of body) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
