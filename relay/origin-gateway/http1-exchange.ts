import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ClientExchange } from "./client-exchange.ts";
import { streamBody } from "./request-body.ts";
import { tunnelUpgrade } from "./tunnel-upgrade.ts";

/** Copying more costs more than it saves. */
const MAX_TEXT_BYTES = 8 * 1024;
/** What a status line cannot hold (RFC 9112, section 4). */
const UNWRITABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** A request over HTTP/1.1. */
export class Http1Exchange implements ClientExchange {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly hasBody: boolean;
  readonly body: IncomingMessage;
  readonly upgrade: string | undefined;
  readonly #response: ServerResponse;
  readonly #closeListeners: (() => void)[] = [];
  #isExpected: boolean;
  #isWritten = false;

  /** @param expectsContinue whether the client waits to be told to send its body, and nobody told it yet */
  constructor(request: IncomingMessage, response: ServerResponse, upgrade?: string, expectsContinue = false) {
    const { method = "GET", url = "", headers, rawHeaders } = request;
    this.method = method;
    this.target = url;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.hasBody = hasBody(headers);
    this.body = request;
    this.upgrade = upgrade;
    this.#response = response;
    this.#isExpected = expectsContinue;
    response.on("close", () => this.#tellClosed());
  }

  get trailers(): readonly string[] {
    return this.body.rawTrailers;
  }

  get isClosed(): boolean {
    return this.#response.destroyed;
  }

  get isAnswered(): boolean {
    return this.#response.writableFinished;
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  offClose(listener: () => void): void {
    const at = this.#closeListeners.indexOf(listener);
    if (at !== -1) this.#closeListeners.splice(at, 1);
  }

  onDrain(listener: () => void): void {
    this.#response.on("drain", listener);
  }

  readBody(onTaken: () => void): AsyncIterable<Buffer> {
    return streamBody(this.body, onTaken);
  }

  invite(): void {
    if (!this.#isExpected) return;
    this.#isExpected = false;
    this.#response.writeContinue();
  }

  begin(status: number, message: string, lines: string[]): void {
    const response = this.#response;
    // Who was not told to go on may send the body or not: where the next request begins is not known.
    if (this.#isExpected) response.shouldKeepAlive = false;
    // Clients go by the status alone (RFC 9110, section 15): a reason in letters that no line may hold is left out.
    response.writeHead(status, UNWRITABLE.test(message) ? "" : message, lines);
    // What came in one packet goes out in one; a stream that has no event yet still shows its headers. Node's own way to
    // flush them would write each byte beyond ASCII as two.
    process.nextTick(() => {
      if (!this.#isWritten && !response.writableEnded) response.write("", "latin1");
    });
  }

  write(chunk: Buffer | string): boolean {
    const response = this.#response;
    const isFirst = !this.#isWritten;
    this.#isWritten = true;
    if (typeof chunk === "string") return response.write(chunk, "latin1");
    if (!isFirst || chunk.length > MAX_TEXT_BYTES || response.chunkedEncoding) {
      return response.write(chunk);
    }
    // Headers and body go out as one text, which holds any bytes: that costs far less than a gathering write. Node
    // holds it back for what else may come, and that would be an empty piece.
    const isTaken = response.write(chunk.toString("latin1"), "latin1");
    response.socket?.uncork();
    return isTaken;
  }

  end(trailers: readonly string[] = []): void {
    if (trailers.length > 0) this.#response.addTrailers(pairsOf(trailers));
    this.#response.end();
  }

  cut(): void {
    this.#response.destroy();
  }

  endConnection(): void {
    this.#response.shouldKeepAlive = false;
  }

  tunnel(pod: Duplex, lines: readonly string[]): void {
    // The response lets go of the connection, which is over when the tunnel is.
    this.body.socket.once("close", () => this.#tellClosed());
    tunnelUpgrade(this.body, this.#response, pod, lines);
  }

  #tellClosed(): void {
    for (const listener of this.#closeListeners.splice(0)) listener();
  }
}

/** Whether a body follows (RFC 9112, section 6.3). */
const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

const pairsOf = (lines: readonly string[]): [string, string][] =>
  lines.flatMap((name, i) => (i % 2 === 0 ? [[name, lines[i + 1] ?? ""] as [string, string]] : []));
