const HEADER_BYTES = 12;
const TYPE_A = 1;
const TYPE_TXT = 16;
const CLASS_IN = 1;
const LOOPBACK = [127, 0, 0, 1];
/** QR and AA, with what the query says of recursion kept (RFC 1035, section 4.1.1). */
const IS_ANSWER = 0x84;
const RECURSION_DESIRED = 0x01;
const RECURSION_AVAILABLE = 0x80;

/**
 * What a stand-in for a name server says to a query: 127.0.0.1 for an address, and a TXT record that tells who it is.
 *
 * @param query a message without the length that it has over TCP
 * @returns undefined for what is no query of DNS (RFC 1035, section 4.1)
 */
export function dnsAnswer(query: Buffer, text: string): Buffer | undefined {
  if (query.length < HEADER_BYTES) return undefined;
  const flags = query[2] ?? 0;
  // An answer, or another kind of query than a standard one.
  if ((flags & 0xf8) !== 0 || query.readUInt16BE(4) !== 1 || query.readUInt32BE(6) !== 0) return undefined;
  const end = endOfQuestion(query);
  if (end === undefined || query.readUInt16BE(end - 2) !== CLASS_IN) return undefined;
  const type = query.readUInt16BE(end - 4);
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header[2] = IS_ANSWER | (flags & RECURSION_DESIRED);
  header[3] = RECURSION_AVAILABLE;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(type === TYPE_A || type === TYPE_TXT ? 1 : 0, 6);
  header.writeUInt16BE(type === TYPE_TXT ? 0 : 1, 10);
  const address = type === TYPE_A ? [record(TYPE_A, Buffer.from(LOOPBACK))] : [];
  const said = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([
    header,
    query.subarray(HEADER_BYTES, end),
    ...address,
    record(TYPE_TXT, Buffer.from([said.length, ...said])),
  ]);
}

/** Where the only question ends; undefined when its name is not made of labels. */
function endOfQuestion(query: Buffer): number | undefined {
  let at = HEADER_BYTES;
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63) return undefined;
    at += length + 1;
  }
  const end = at + 5;
  return end <= query.length ? end : undefined;
}

/** A record of the name that was asked for, which a pointer says, not to be kept for any time. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(CLASS_IN, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
