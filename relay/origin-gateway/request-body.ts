import type { IncomingMessage } from "node:http";

/** Whether a body follows (RFC 9112, section 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

/**
 * The request's body, not begun before someone asks for its first chunk: a refused connection must cost nothing of it.
 * What nobody wants any more, since the Pod answered early, is read and dropped, for the client's connection carries
 * more requests.
 */
export async function* streamBody(request: IncomingMessage): AsyncGenerator<Buffer, void> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } finally {
    request.resume();
  }
}
