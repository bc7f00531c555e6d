import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { ClientExchange } from "./client-exchange.ts";
import { recordOf, withoutPseudo } from "./http2-lines.ts";
import { streamBody } from "./request-body.ts";

/** A request over HTTP/2: one stream of a connection. */
export class Http2Exchange implements ClientExchange {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly hasBody: boolean;
  readonly body: ServerHttp2Stream;
  /** There is no Upgrade in HTTP/2 (RFC 9113, section 8.6). */
  readonly upgrade = undefined;
  trailers: readonly string[] = [];
  #isExpected: boolean;
  #hasNoAnswerBody = false;
  #isCut = false;
  #trailersToSend: readonly string[] = [];

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.method = headers[":method"] ?? "";
    this.target = headers[":path"] ?? "";
    this.headers = headers;
    this.rawHeaders = withoutPseudo(rawHeaders);
    this.hasBody = !stream.endAfterHeaders;
    this.body = stream;
    this.#isExpected = this.hasBody && headers.expect?.toLowerCase() === "100-continue";
    stream.on("error", () => {});
    stream.on("trailers", (_: unknown, __: number, lines: string[]) => {
      this.trailers = lines;
    });
  }

  get isClosed(): boolean {
    return this.body.destroyed || this.body.closed;
  }

  get isAnswered(): boolean {
    return this.body.writableFinished && this.body.rstCode === constants.NGHTTP2_NO_ERROR;
  }

  get hasBegun(): boolean {
    return this.body.headersSent;
  }

  onClose(listener: () => void): void {
    this.body.once("close", listener);
  }

  offClose(listener: () => void): void {
    this.body.off("close", listener);
  }

  onDrain(listener: () => void): void {
    this.body.on("drain", listener);
  }

  readBody(onTaken: () => void): AsyncIterable<Buffer> {
    return streamBody(this.body, onTaken);
  }

  invite(): void {
    if (!this.#isExpected) return;
    this.#isExpected = false;
    if (!this.isClosed) this.body.additionalHeaders({ ":status": 100 });
  }

  begin(status: number, _: string, lines: readonly string[]): void {
    if (this.isClosed) return;
    const headers = [":status", String(status)];
    for (let i = 0; i + 1 < lines.length; i += 2) headers.push((lines[i] ?? "").toLowerCase(), lines[i + 1] ?? "");
    this.#hasNoAnswerBody = this.method === "HEAD" || status === 204 || status === 205 || status === 304;
    this.body.once("wantTrailers", () => this.#sendTrailers());
    this.body.respond(headers, { waitForTrailers: true });
  }

  write(chunk: Buffer | string): boolean {
    return this.#hasNoAnswerBody || this.isClosed || this.body.write(chunk);
  }

  end(trailers: readonly string[] = []): void {
    if (this.#hasNoAnswerBody || this.isClosed) return;
    this.#trailersToSend = trailers;
    this.body.end();
  }

  cut(): void {
    this.#isCut = true;
    this.body.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  /** A connection carries many requests, each with its own end. */
  endConnection(): void {}

  tunnel(pod: Duplex): void {
    pod.destroy();
    this.cut();
  }

  #sendTrailers(): void {
    // Without them the stream is not ended, only reset.
    if (this.#isCut) return;
    this.body.sendTrailers(recordOf(this.#trailersToSend));
  }
}
