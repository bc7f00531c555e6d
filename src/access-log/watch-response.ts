import { contentLength, type FixedLength } from "../origin/known-length.ts";

export interface WatchOptions {
  method: string;
  /** Whether the answer came from somewhere, and may still be coming. */
  isStreamed: boolean;
  fixedLength: FixedLength | undefined;
  waitUntil: (work: Promise<unknown>) => void;
  /** Told once: the bytes of the body that were sent, undefined when they are not known. */
  ended: (bytes: number | undefined) => void;
}

/**
 * Tells when a response has been sent.
 *
 * One whose body the runtime would change if it passed through here (a WebSocket, an encoding that it would undo) counts as
 * sent when it begins.
 *
 * @returns the response to send in its place
 */
export function watchResponse(response: Response, options: WatchOptions): Response {
  const { method, isStreamed, fixedLength, waitUntil, ended } = options;
  const { body, headers } = response;
  const length = contentLength(headers);
  if (body === null || method === "HEAD" || response.status === 101) {
    ended(0);
    return response;
  }
  if (isEncoded(headers) || !(isStreamed || length !== undefined)) {
    ended(length);
    return response;
  }
  const passage = length === undefined || fixedLength === undefined ? countBytes() : passageOf(length, fixedLength);
  waitUntil(
    body.pipeTo(passage.writable).then(
      () => ended(passage.length),
      () => ended(undefined),
    ),
  );
  return new Response(passage.readable, response);
}

interface Passage {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
  readonly length: number;
}

function passageOf(length: number, fixedLength: FixedLength): Passage {
  const { readable, writable } = fixedLength(length);
  return { readable, writable, length };
}

function countBytes(): Passage {
  let length = 0;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      length += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  return {
    readable,
    writable,
    get length() {
      return length;
    },
  };
}

/** The runtime hands out decoded bytes, and would encode them anew. */
const isEncoded = (headers: Headers): boolean => !/^(?:identity)?$/i.test(headers.get("content-encoding") ?? "");
