import { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * Reading without an allocation for each read. Node gives a stream's every read 64 KiB of memory of its own, which costs
 * as much as the system calls do; `onread` reads into memory that is used again, but only for sockets that are made with
 * it. So a connection's handle is moved to a second socket that is.
 *
 * The handle is no part of Node's documented API: where it is not what it was, `readDirectly` declines and the bytes take
 * the usual way.
 */

/**
 * A socket in place of the one that was given, which closes when this one does, and the other way round, and goes on to
 * tell how many bytes have passed.
 */
export interface DirectSocket {
  socket: Socket;
  /** What had been read already. */
  rest: Buffer | undefined;
  /** Where bytes go that are read, from now on; before, nothing is read. */
  pipeTo(target: Socket): void;
}

interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
}

interface Internals {
  _handle?: (Handle & object) | null;
  _readableState?: { ended?: unknown };
}

/** @returns undefined for a socket that cannot be read so: TLS, one that is ending, one with bytes still to be sent */
export function readDirectly(given: Socket): DirectSocket | undefined {
  const internals = given as Socket & Internals;
  const handle = internals._handle;
  const isIdle = !given.destroyed && !given.connecting && given.writableLength === 0 && !given.writableEnded;
  if (given instanceof TLSSocket || !isIdle || given.readableEnded) return undefined;
  if (typeof handle?.useUserBuffer !== "function") return undefined;
  const rest = drain(given);
  if (internals._readableState?.ended !== false) {
    if (rest !== undefined) given.unshift(rest);
    return undefined;
  }
  const reading = new DirectReading();
  internals._handle = null;
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: reading };
  const socket = new Socket(options as object);
  reading.source = socket;
  Object.defineProperties(given, {
    bytesRead: { get: () => socket.bytesRead },
    bytesWritten: { get: () => socket.bytesWritten },
  });
  socket.once("close", () => given.destroy());
  given.once("close", () => socket.destroy());
  return {
    socket,
    rest,
    pipeTo(target) {
      reading.target = target;
      socket.resume();
    },
  };
}

function drain(socket: Socket): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) chunks.push(chunk);
  return chunks.length === 0 ? undefined : Buffer.concat(chunks);
}

/** Every connection's reads land here first, and are copied from it: ten thousand idle ones need no memory for it. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
/** A connection that fills the shared buffer gets one of its own: fewer system calls for the same bytes, and no copies. */
const OWN_BYTES = 256 * 1024;
/** After so many reads of less than this, it gives its buffer back. */
const FEW_READS = 8;
const FEW_BYTES = 16 * 1024;

/** Buffers that nobody uses at present. */
const spare: Buffer[] = [];
const MAX_SPARE = 16;

/** What `onread` asks for: a buffer for the next read, and what to do with each. */
class DirectReading {
  source: Socket | undefined;
  target: Socket | undefined;
  #own: Buffer | undefined;
  #fewReads = 0;
  /** Whether reading waits for what was read to be sent. Bytes in the own buffer may be among it. */
  #isHeld = false;

  readonly buffer = (): Buffer => this.#own ?? shared;

  /** @returns false to be read no further until the socket is resumed */
  readonly callback = (length: number, buffer: Buffer): boolean => {
    const { target } = this;
    if (target === undefined || !target.writable) return true;
    const bytes = buffer.subarray(0, length);
    target.write(buffer === this.#own ? bytes : Buffer.from(bytes), this.#written);
    this.#isHeld = target.writableLength > 0;
    this.#adapt(length);
    return !this.#isHeld;
  };

  /** Called for each write; those behind it are waited for as well. */
  readonly #written = (): void => {
    if (!this.#isHeld || (this.target?.writableLength ?? 0) > 0) return;
    this.#isHeld = false;
    this.source?.resume();
  };

  #adapt(length: number): void {
    if (this.#own === undefined) {
      if (length === shared.length) this.#own = spare.pop() ?? Buffer.allocUnsafeSlow(OWN_BYTES);
      return;
    }
    this.#fewReads = length < FEW_BYTES ? this.#fewReads + 1 : 0;
    if (this.#fewReads < FEW_READS || this.#isHeld) return;
    if (spare.length < MAX_SPARE) spare.push(this.#own);
    this.#own = undefined;
    this.#fewReads = 0;
  }
}
