/** A body that fails when it is longer than `limit` bytes; `onExceeded` is told first. */
export function limitBody(
  body: ReadableStream<Uint8Array>,
  limit: number,
  onExceeded: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let length = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          return;
        }
        length += value.length;
        if (length <= limit) {
          controller.enqueue(value);
          return;
        }
        onExceeded();
        controller.error(new Error(`The body is longer than ${limit} bytes`));
        void reader.cancel("too large").catch(() => {});
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
