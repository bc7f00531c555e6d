import type { IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import type { HopFailure } from "../../src/hop/hop.ts";
import { type RawHeaders, responseHeaders } from "./response-headers.ts";
import { tunnelUpgrade } from "./tunnel-upgrade.ts";

export interface PodRequest {
  request: IncomingMessage;
  response: ServerResponse;
  /** Name and value in turn. */
  headers: string[];
  /** Lines that the gateway adds to the Pod's answer. */
  answerHeaders: readonly string[];
}

/**
 * How an attempt ended. `answered`: the client has the Pod's answer, whole or cut. `refused`: no byte of the request
 * was sent. `closed`: the connection ended before a byte of the answer. `failed`: anything else before the answer.
 */
export type AttemptOutcome =
  | { kind: "answered" }
  | { kind: "refused"; error: Error }
  | { kind: "closed"; error: Error }
  | { kind: "failed"; failure: HopFailure; error: Error }
  | { kind: "abandoned" };

/** Sends a request to one Pod and streams its answer back, each side at the pace of the other. */
export function sendToPod(pod: Dispatcher, { request, response, headers, answerHeaders }: PodRequest) {
  const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
  const upgrade = request.headers.upgrade;
  let controller: Dispatcher.DispatchController | undefined;
  let answering = false;
  const abandon = (): void => {
    if (!response.writableFinished) controller?.abort(new Error("the client went away"));
    resolve({ kind: "abandoned" });
  };
  response.once("close", abandon);

  pod.dispatch(
    {
      path: request.url ?? "/",
      method: request.method as Dispatcher.HttpMethod,
      headers,
      body: hasBody(request) ? (lazyBody(request) as unknown as Dispatcher.DispatchOptions["body"] & {}) : null,
      ...(upgrade !== undefined && { upgrade }),
    },
    {
      onRequestStart(started) {
        controller = started;
        if (response.destroyed) started.abort(new Error("the client went away"));
      },
      onRequestUpgrade(started, status, _, socket) {
        answering = true;
        response.off("close", abandon);
        tunnelUpgrade(request, response, socket, status, responseHeaders(rawHeadersOf(started)), answerHeaders);
        resolve({ kind: "answered" });
      },
      onResponseStart(started, status, _, statusMessage) {
        if (status < 200) return;
        answering = true;
        const lines = [...responseHeaders(rawHeadersOf(started)), ...answerHeaders];
        response.writeHead(status, statusMessage ?? "", lines);
        response.on("drain", () => started.resume());
      },
      onResponseData(started, chunk) {
        if (!response.write(chunk)) started.pause();
      },
      onResponseEnd() {
        response.off("close", abandon);
        response.end();
        resolve({ kind: "answered" });
      },
      onResponseError(_, error) {
        response.off("close", abandon);
        if (answering) {
          // A clean end would make a cut answer look whole.
          response.destroy();
          resolve({ kind: "answered" });
        } else resolve(classify(error, controller !== undefined));
      },
    },
  );
  return promise.finally(() => response.off("close", abandon));
}

const rawHeadersOf = (controller: Dispatcher.DispatchController): RawHeaders =>
  Array.isArray(controller.rawHeaders) ? controller.rawHeaders : [];

/** Whether a body follows (RFC 9112, section 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

/** The request's body, not begun before a connection stands: a refused one must cost nothing of it. */
const lazyBody = (request: IncomingMessage): AsyncIterable<Buffer> => ({
  [Symbol.asyncIterator]: () => request[Symbol.asyncIterator]() as AsyncIterator<Buffer>,
});

function classify(error: Error, sent: boolean): AttemptOutcome {
  if (!sent) return { kind: "refused", error };
  const { code } = error as { code?: string };
  if (code === "UND_ERR_HEADERS_TIMEOUT") return { kind: "failed", failure: "timeout", error };
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE") return { kind: "closed", error };
  return { kind: "failed", failure: "broken", error };
}
