/** What a client asks for before anything is encrypted. */
export interface ClientHello {
  /** Lowercased, without a trailing dot; empty when the client names no server (RFC 6066, section 3). */
  sni: string;
  /** In the client's order (RFC 7301). */
  alpn: string[];
}

/**
 * `more`: what is there begins a ClientHello, but does not end it. `other`: it does not begin one, whatever follows.
 * `malformed`: it does, and is wrong.
 */
export type ReadClientHello =
  | { state: "more" }
  | { state: "other" }
  | { state: "malformed"; reason: string }
  | { state: "hello"; hello: ClientHello };

/** Bytes with post-quantum key shares are some 2 KiB; more than this is no client's. */
export const MAX_HELLO_BYTES = 32 * 1024;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const MAX_RECORD_BYTES = 16 * 1024;
/** Each call reads them again, so that clients which write byte by byte must not write records of a byte. */
const MAX_RECORDS = 32;
const RECORD_HEADER = 5;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const ALPN = 16;

/**
 * Reads a ClientHello from the first bytes of a connection (RFC 8446, sections 4.1.2 and 5.1), over any number of
 * records. Changes nothing and keeps nothing, so it can be called again when more bytes are there.
 */
export function readClientHello(bytes: Buffer): ReadClientHello {
  const joined = joinRecords(bytes);
  if ("state" in joined) return joined;
  const { handshake } = joined;
  if (handshake.length > 0 && handshake[0] !== CLIENT_HELLO) return { state: "other" };
  if (handshake.length < 4) return { state: "more" };
  const length = handshake.readUIntBE(1, 3);
  if (length > MAX_HELLO_BYTES) return malformed(`a ClientHello of ${length} bytes`);
  if (handshake.length < 4 + length)
    return bytes.length > 2 * MAX_HELLO_BYTES ? malformed("records without end") : { state: "more" };
  try {
    return { state: "hello", hello: readBody(new Reader(handshake.subarray(4, 4 + length))) };
  } catch (error) {
    if (error instanceof Truncated) return malformed(`a ClientHello whose ${error.message} does not fit in it`);
    throw error;
  }
}

const malformed = (reason: string): ReadClientHello => ({ state: "malformed", reason });

/** The handshake bytes of the records that are there. */
function joinRecords(bytes: Buffer): ReadClientHello | { handshake: Buffer } {
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes[offset] !== HANDSHAKE_RECORD || (bytes.length > offset + 1 && bytes[offset + 1] !== 3)) {
      return offset === 0 ? { state: "other" } : malformed("a record that is no handshake before the ClientHello ends");
    }
    if (bytes.length < offset + RECORD_HEADER) break;
    const length = bytes.readUInt16BE(offset + 3);
    if (length === 0 || length > MAX_RECORD_BYTES) return malformed(`a record of ${length} bytes`);
    if (parts.length === MAX_RECORDS) return malformed(`more than ${MAX_RECORDS} records`);
    parts.push(bytes.subarray(offset + RECORD_HEADER, offset + RECORD_HEADER + length));
    offset += RECORD_HEADER + length;
    if (isComplete(parts)) break;
  }
  const [only] = parts;
  return { handshake: parts.length === 1 && only !== undefined ? only : Buffer.concat(parts) };
}

/** Whatever follows the ClientHello is not looked at. */
function isComplete(parts: readonly Buffer[]): boolean {
  const [first] = parts;
  // A record may end within the length itself.
  const head = first !== undefined && first.length >= 4 ? first : Buffer.concat(parts);
  if (head.length < 4) return false;
  const wanted = 4 + head.readUIntBE(1, 3);
  return parts.reduce((sum, { length }) => sum + length, 0) >= wanted;
}

function readBody(body: Reader): ClientHello {
  body.skip(2 + 32, "version and random");
  body.vector(1, "session id");
  body.vector(2, "cipher suites");
  body.vector(1, "compression methods");
  const hello: ClientHello = { sni: "", alpn: [] };
  if (body.isAtEnd) return hello;
  const extensions = body.vector(2, "extensions");
  while (!extensions.isAtEnd) {
    const type = extensions.number(2, "extension type");
    const data = extensions.vector(2, "extension");
    if (type === SERVER_NAME && hello.sni === "") hello.sni = readServerName(data);
    else if (type === ALPN && hello.alpn.length === 0) hello.alpn = readProtocols(data);
  }
  return hello;
}

function readServerName(data: Reader): string {
  if (data.isAtEnd) return "";
  const names = data.vector(2, "server names");
  while (!names.isAtEnd) {
    const type = names.number(1, "name type");
    const name = names.vector(2, "server name").rest().toString("latin1");
    if (type === HOST_NAME) return name.toLowerCase().replace(/\.$/, "");
  }
  return "";
}

function readProtocols(data: Reader): string[] {
  const protocols: string[] = [];
  const list = data.vector(2, "protocols");
  while (!list.isAtEnd) protocols.push(list.vector(1, "protocol").rest().toString("utf8"));
  return protocols;
}

/** What is read lies beyond the end; the message names it. */
class Truncated extends Error {}

/** Reads forwards, and never beyond its end. */
class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  number(size: 1 | 2, what: string): number {
    return this.#take(size, what).readUIntBE(0, size);
  }

  skip(size: number, what: string): void {
    this.#take(size, what);
  }

  /** What stands behind its own length. */
  vector(lengthBytes: 1 | 2, what: string): Reader {
    return new Reader(this.#take(this.number(lengthBytes, what), what));
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#offset);
  }

  #take(size: number, what: string): Buffer {
    const end = this.#offset + size;
    if (end > this.#bytes.length) throw new Truncated(what);
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}
