import type { Readable } from "node:stream";

/**
 * A request's body, not begun before someone asks for its first chunk: a refused connection must cost nothing of it.
 * What nobody wants any more, since the Pod answered early, is read and dropped, for the client's connection carries
 * more requests.
 *
 * @param onTaken called when someone asks: from now on the body cannot be sent to another
 */
export async function* streamBody(body: Readable, onTaken: () => void): AsyncGenerator<Buffer, void> {
  onTaken();
  try {
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } finally {
    body.resume();
  }
}
