/** Makes a pair that passes on exactly `length` bytes and tells the runtime so (workerd's `FixedLengthStream`). */
export type FixedLength = (length: number) => {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
};

/** The length in a Content-Length header (RFC 9110, section 8.6), or undefined when there is none. */
export function contentLength(headers: { get(name: string): string | null }): number | undefined {
  const value = headers.get("content-length");
  if (value === null || !/^\d{1,15}$/.test(value)) return undefined;
  return Number(value);
}

/**
 * A stream made here, with the length of the body that it stands for: without it the origin would be sent
 * chunks, which some do not take.
 */
export function withKnownLength(
  stream: ReadableStream<Uint8Array>,
  length: number | undefined,
  fixedLength: FixedLength | undefined,
): ReadableStream<Uint8Array> {
  return length === undefined || fixedLength === undefined ? stream : stream.pipeThrough(fixedLength(length));
}
