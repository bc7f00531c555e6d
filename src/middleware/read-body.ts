/**
 * A body as one piece; undefined when it is longer than `limit` bytes, and then the rest is left. Throws what reading it
 * throws.
 *
 * @param signal ends it, also where the runtime lets a body go on whose fetch was ended; then its reason is thrown
 */
export async function readBody(
  body: ReadableStream<Uint8Array>,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = body.getReader();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => {});
  const onAbort = (): void => reject(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  try {
    return await readAll(() => (signal === undefined ? reader.read() : Promise.race([reader.read(), aborted])), limit);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    // Of no effect where the end was reached.
    void reader.cancel().catch(() => {});
  }
}

async function readAll(
  read: () => Promise<{ done: boolean; value?: Uint8Array | undefined }>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await read();
    if (done || value === undefined) break;
    length += value.length;
    if (length > limit) return undefined;
    chunks.push(value);
  }
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
