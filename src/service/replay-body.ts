/** A body that can be sent a second time as long as little of it was read. */
export interface ReplayBody {
  /** The first try's body. */
  readonly first: ReadableStream<Uint8Array>;
  /**
   * The whole body for a second try: what was read, then the rest. Undefined when more was read than is kept, or
   * the source has failed. Ends the first try's body.
   */
  again(): ReadableStream<Uint8Array> | undefined;
  /** There will be no second try: what was kept is dropped, and the source ends with the first try's body. */
  settle(): void;
}

/** @param limit bytes kept of what is read */
export function createReplayBody(source: ReadableStream<Uint8Array>, limit: number): ReplayBody {
  const reader = source.getReader();
  let kept: Uint8Array[] | undefined = [];
  let keptBytes = 0;
  let ended = false;
  let failed = false;
  let settled = false;
  let replaying = false;
  let firstCancelled: { reason: unknown } | undefined;
  let reading: Promise<Uint8Array | undefined> | undefined;

  async function readNext(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return undefined;
      }
      keep(value);
      return value;
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      reading = undefined;
    }
  }

  /** A copy: whoever sends the chunk may take its memory with it. */
  function keep(chunk: Uint8Array): void {
    if (kept === undefined) return;
    keptBytes += chunk.byteLength;
    if (keptBytes <= limit || replaying) kept.push(chunk.slice());
    else kept = undefined;
  }

  const first = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!replaying) reading = readNext();
        const chunk = await reading;
        if (replaying) controller.error(new Error("The request is sent elsewhere"));
        else if (firstCancelled !== undefined) return;
        else if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      async cancel(reason) {
        firstCancelled = { reason };
        if (settled) await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );

  /** Kept chunks in their order, the one that the first try was still reading among them, then the rest. */
  function createSecond(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
    let next = 0;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await reading;
          const chunk = chunks[next++];
          if (chunk !== undefined) {
            controller.enqueue(chunk);
            return;
          }
          kept = undefined;
          const rest = ended ? undefined : await readNext();
          if (rest === undefined) controller.close();
          else controller.enqueue(rest);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  return {
    first,
    again() {
      if (kept === undefined || failed || settled) return undefined;
      replaying = true;
      return createSecond(kept);
    },
    settle() {
      settled = true;
      kept = undefined;
      if (firstCancelled !== undefined) void reader.cancel(firstCancelled.reason).catch(() => {});
    },
  };
}
