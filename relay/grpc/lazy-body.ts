/** A body of the web's kind for middlewares, nothing of which is read before one of them does. */
export interface LazyBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** Whether somebody reads it, or has: then it cannot be passed on by other means. */
  readonly isTaken: boolean;
}

/** @param open begins the body; asked once, by the first read */
export function createLazyBody(open: () => AsyncIterator<Uint8Array>, onCancel: () => void): LazyBody {
  let iterator: AsyncIterator<Uint8Array> | undefined;
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        iterator ??= open();
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        isCancelled = true;
        onCancel();
      },
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    get isTaken() {
      return iterator !== undefined || isCancelled || stream.locked;
    },
  };
}
