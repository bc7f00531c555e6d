/** What gRPC's own clients take at most. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const HEAD_BYTES = 5;

/**
 * The messages of a body of gRPC (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Data frames").
 *
 * @throws Error for one that is compressed, which nobody asked for, or longer than any should be, and when the body ends
 * inside one
 */
export async function* readGrpcMessages(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let chunks: Buffer[] = [];
  let held = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    held += chunk.length;
    if (held < neededOf(chunks)) continue;
    let bytes = Buffer.concat(chunks);
    while (bytes.length >= HEAD_BYTES && bytes.length >= neededOf([bytes])) {
      const end = neededOf([bytes]);
      yield bytes.subarray(HEAD_BYTES, end);
      bytes = bytes.subarray(end);
    }
    neededOf([bytes]);
    chunks = bytes.length === 0 ? [] : [bytes];
    held = bytes.length;
  }
  if (held > 0) throw new Error("the body ends in the middle of a message");
}

/** How many bytes the first message takes, as far as is known. */
function neededOf(chunks: readonly Buffer[]): number {
  const [first = Buffer.alloc(0)] = chunks;
  const head = first.length >= HEAD_BYTES || chunks.length < 2 ? first : Buffer.concat(chunks);
  if (head.length === 0) return HEAD_BYTES;
  if (head[0] !== 0) throw new Error("a message is compressed");
  if (head.length < HEAD_BYTES) return HEAD_BYTES;
  const length = head.readUInt32BE(1);
  if (length > MAX_MESSAGE_BYTES) throw new Error(`a message of ${length} bytes is too long`);
  return HEAD_BYTES + length;
}
