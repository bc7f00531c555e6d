import { type ClientHttp2Session, type ClientHttp2Stream, constants } from "node:http2";
import type { Dispatcher } from "undici";
import type { PodDispatch } from "./connection.ts";
import { recordOf, withoutPseudo } from "./http2-lines.ts";

/** The Pod has not begun this request, and says so: it may be sent again, whatever it is (RFC 9113, section 8.7). */
export class UnprocessedError extends Error {
  readonly code = "UNPROCESSED";
}

/** The stream or its connection ended before the answer was whole. */
class StreamCutError extends Error {
  /** What the client library calls the end of a connection. */
  readonly code = "UND_ERR_SOCKET";
}

/** Whether a request could not be written down, which says nothing of the Pod. */
export const isUnwritable = ({ code }: NodeJS.ErrnoException): boolean =>
  code !== undefined && /^(?:UND_ERR_(?:INVALID_ARG|NOT_SUPPORTED)$|ERR_(?:HTTP2|INVALID)_)/.test(code);

/** Tells a handler that its request was not sent. */
export const failRequest = (handler: Dispatcher.DispatchHandler, error: Error): void =>
  handler.onResponseError?.(new StreamController(undefined), error);

/** Sends one request as a stream of a connection, and tells the handler as undici does. */
export function sendHttp2(
  session: ClientHttp2Session,
  request: PodDispatch,
  scheme: string,
  handler: Dispatcher.DispatchHandler,
): ClientHttp2Stream | undefined {
  let stream: ClientHttp2Stream;
  try {
    stream = session.request(headersOf(request, scheme), {
      endStream: request.body === null,
      waitForTrailers: request.body !== null,
    });
  } catch (error) {
    // A connection that is ending, or headers that cannot be written down.
    const reason = session.closed || session.destroyed ? new UnprocessedError("the connection is ending") : error;
    failRequest(handler, asError(reason));
    return undefined;
  }
  const controller = new StreamController(stream);
  let [hasEnded, hasBegun] = [false, false];
  let failure: Error | undefined;
  /** Bytes of the answer that are to come, where it says how many. */
  let left = 0;

  stream.on("response", (_: unknown, __: number, lines: string[]) => {
    const status = Number(lines[lines.indexOf(":status") + 1]);
    hasBegun = true;
    controller.rawHeaders = withoutPseudo(lines);
    left = request.method === "HEAD" || status === 304 ? 0 : lengthOf(lines);
    handler.onResponseStarted?.();
    handler.onResponseStart?.(controller, status, {}, "");
  });
  stream.on("trailers", (_: unknown, __: number, lines: string[]) => {
    controller.rawTrailers = lines;
  });
  stream.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    handler.onResponseData?.(controller, chunk);
  });
  stream.on("end", () => {
    // The end of a stream that was reset is told like that of a whole one.
    if (!hasBegun || stream.rstCode !== constants.NGHTTP2_NO_ERROR || controller.aborted) return;
    // A reset without an error as well. Over HTTP/1.1 the next answer would be taken for the rest of this one.
    if (left > 0) return;
    hasEnded = true;
    handler.onResponseEnd?.(controller, {});
    // Whoever has answered wants no more of the request.
    if (!stream.writableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  });
  stream.on("error", (error) => {
    failure = error;
  });
  stream.on("close", () => {
    if (hasEnded) return;
    const { rstCode } = stream;
    const isUnprocessed = rstCode === constants.NGHTTP2_REFUSED_STREAM && !hasBegun;
    const reason = isUnprocessed
      ? new UnprocessedError("the Pod refused the stream", { cause: failure })
      : new StreamCutError(`the stream was cut, code ${rstCode}`, { cause: failure });
    handler.onResponseError?.(controller, controller.reason ?? reason);
  });

  handler.onRequestStart?.(controller, undefined);
  if (request.body === null) handler.onRequestSent?.();
  else {
    stream.once("wantTrailers", () => stream.sendTrailers(recordOf(request.trailers?.() ?? [])));
    writeBody(stream, request.body).then(
      (isSent) => isSent && handler.onRequestSent?.(),
      (error: unknown) => controller.abort(asError(error)),
    );
  }
  return stream;
}

/** @returns 0 when the lines do not tell how long the body is */
function lengthOf(lines: readonly string[]): number {
  const at = lines.findIndex((line, i) => i % 2 === 0 && line === "content-length");
  return at === -1 ? 0 : Number(lines[at + 1]);
}

/** @returns whether all of it was taken */
async function writeBody(stream: ClientHttp2Stream, body: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const chunk of body) {
    if (!isWritable(stream)) return false;
    if (!stream.write(chunk)) await drained(stream);
  }
  if (!isWritable(stream)) return false;
  stream.end();
  return true;
}

const isWritable = (stream: ClientHttp2Stream): boolean => !stream.destroyed && !stream.closed && stream.writable;

const drained = (stream: ClientHttp2Stream): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.once("drain", done).once("close", done);
  });

class StreamController implements Dispatcher.DispatchController {
  readonly #stream: ClientHttp2Stream | undefined;
  rawHeaders: string[] = [];
  rawTrailers: string[] = [];
  reason: Error | null = null;

  constructor(stream: ClientHttp2Stream | undefined) {
    this.#stream = stream;
  }

  get aborted(): boolean {
    return this.reason !== null;
  }

  get paused(): boolean {
    return this.#stream?.isPaused() ?? false;
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    if (this.#stream?.isPaused()) this.#stream.resume();
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.reason = reason;
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }
}

/** Names are in lower case, and Host is a pseudo-header (RFC 9113, sections 8.2 and 8.3.1). */
function headersOf({ method, path, headers }: PodDispatch, scheme: string): string[] {
  const pseudo = [":method", method, ":scheme", scheme, ":path", path];
  const lines: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = "", value = ""] = [headers[i]?.toLowerCase(), headers[i + 1]];
    if (name === "host") pseudo.push(":authority", value);
    else lines.push(name, value);
  }
  return [...pseudo, ...lines];
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
