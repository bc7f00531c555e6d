/**
 * Why a copy ended before its body did: its reader lagged, the body was too large, or the main reader stopped
 * reading.
 */
export type CutReason = "lagged" | "too-large" | "abandoned";

export interface TapOptions {
  copies: number;
  /** Bytes that may wait in a copy for its reader. */
  maxQueued: number;
  /** Bytes of a body that are copied at most; a longer one has its copies cut. -1: no limit. */
  maxSize: number;
  onCut: (copy: number, reason: CutReason) => void;
}

export interface TappedBody {
  readonly main: ReadableStream<Uint8Array>;
  readonly copies: readonly ReadableStream<Uint8Array>[];
}

/**
 * Copies a body while it is read. Only the main reader moves it forward: a copy whose reader lags is cut, where
 * `tee()` would hold the main reader back to the pace of the slowest.
 */
export function tapBody(
  source: ReadableStream<Uint8Array>,
  { copies, maxQueued, maxSize, onCut }: TapOptions,
): TappedBody {
  const reader = source.getReader();
  const taps = Array.from({ length: copies }, (_, index) => createTap(maxQueued, (reason) => onCut(index, reason)));
  let read = 0;

  function copy(chunk: Uint8Array): void {
    read += chunk.byteLength;
    const tooLarge = maxSize >= 0 && read > maxSize;
    for (const tap of taps) {
      if (tooLarge) tap.cut("too-large");
      else tap.offer(chunk);
    }
  }

  const main = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let result: Awaited<ReturnType<typeof reader.read>>;
        try {
          result = await reader.read();
        } catch (error) {
          for (const tap of taps) tap.cut("abandoned");
          throw error;
        }
        if (result.done) {
          for (const tap of taps) tap.end();
          controller.close();
        } else {
          copy(result.value);
          controller.enqueue(result.value);
        }
      },
      cancel(reason) {
        for (const tap of taps) tap.cut("abandoned");
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { main, copies: taps.map((tap) => tap.stream) };
}

/** One copy: a queue that is filled from outside and never waits for its reader. */
function createTap(maxQueued: number, onCut: (reason: CutReason) => void) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(started) {
        controller = started;
      },
      cancel() {
        controller = undefined;
      },
    },
    { highWaterMark: maxQueued, size: (chunk) => chunk?.byteLength ?? 0 },
  );

  function cut(reason: CutReason): void {
    if (controller === undefined) return;
    controller.error(new Error(`The copy of the body was cut: ${reason}`));
    controller = undefined;
    onCut(reason);
  }

  return {
    stream,
    cut,
    /** Takes a copy: the main reader may take the chunk's memory with it. */
    offer(chunk: Uint8Array): void {
      if ((controller?.desiredSize ?? 0) < chunk.byteLength) cut("lagged");
      else controller?.enqueue(chunk.slice());
    },
    end(): void {
      controller?.close();
      controller = undefined;
    },
  };
}
