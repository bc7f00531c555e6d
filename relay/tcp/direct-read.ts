import { connect, type NetConnectOpts, type OnReadOpts, Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * Reading without an allocation for each read. Node gives a stream's every read 64 KiB of memory of its own, which costs
 * as much as the system calls do; `onread` reads into memory that is used again. It can only be given to a socket when
 * that is made: to those that are dialled, it is. Those that a server accepted are made without, so their handle is moved
 * to a second socket.
 *
 * The handle is no part of Node's documented API: where it is not what it was, the bytes take the usual way.
 */

/** A socket to be read directly. */
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

/** Of sockets that were made to be read directly. A map of them would cost each more than its reading does. */
const READING = Symbol("reading");

const readingOf = (socket: Socket & { [READING]?: DirectReading }): DirectReading | undefined => socket[READING];

/** Connects by a socket that is paused, and that only `readDirectly` can have read. */
export function connectDirectly(options: NetConnectOpts): Socket {
  const reading = new DirectReading();
  return prepare(connect({ ...options, onread: reading }), reading);
}

/** A socket that is paused, and that only `readDirectly` can have read. */
export function directSocketOf(handle: object): Socket {
  const reading = new DirectReading();
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: reading };
  return prepare(new Socket(options as object), reading);
}

function prepare(socket: Socket, reading: DirectReading): Socket {
  socket.pause();
  reading.source = socket;
  return Object.assign(socket, { [READING]: reading });
}

/**
 * Replaces a socket that has just been accepted, of which nothing has been read, by one that is paused and that only
 * `readDirectly` can have read. The given one is closed without its connection.
 *
 * @returns undefined, and nothing has changed, where that cannot be done
 */
export function replaceByDirectSocket(accepted: Socket): Socket | undefined {
  const internals = accepted as Socket & Internals;
  const handle = internals._handle;
  if (typeof handle?.useUserBuffer !== "function" || accepted.readableLength > 0) return undefined;
  internals._handle = null;
  const socket = directSocketOf(handle);
  accepted.destroy();
  return socket;
}

/**
 * Has a socket read directly. Another may take its place, which closes when the given one does, and the other way round;
 * the given one goes on to tell how many bytes have passed.
 *
 * @returns undefined for a socket that cannot be read so: TLS, one that is ending, one with bytes still to be sent
 */
export function readDirectly(given: Socket): DirectSocket | undefined {
  const known = readingOf(given);
  if (known !== undefined) return { socket: given, rest: undefined, pipeTo: (target) => known.pipeTo(target) };
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
  internals._handle = null;
  const socket = directSocketOf(handle);
  // It closes as well, which the splice goes by; without a listener a reset would be this process's end.
  socket.on("error", () => {});
  Object.defineProperties(given, {
    bytesRead: { get: () => socket.bytesRead },
    bytesWritten: { get: () => socket.bytesWritten },
  });
  socket.once("close", () => given.destroy());
  given.once("close", () => socket.destroy());
  return { socket, rest, pipeTo: (target) => readingOf(socket)?.pipeTo(target) };
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
/** Connections that have a buffer of their own, which may be idle with it: the others go on with the shared one. */
const MAX_OWN = 256;
let owned = 0;

const nothing = Buffer.alloc(0);

/** What `onread` asks for: a buffer for the next read, and what to do with each. */
class DirectReading implements OnReadOpts {
  source: Socket | undefined;
  #target: Socket | undefined;
  #own: Buffer | undefined;
  #fewReads = 0;

  readonly buffer = (): Buffer => this.#own ?? shared;

  /** @returns false to be read no further until the socket is resumed */
  readonly callback = (length: number, buffer: Uint8Array): boolean => {
    const target = this.#target;
    if (target === undefined || !target.writable) return true;
    const isRoom = target.write(buffer === this.#own ? this.#own.subarray(0, length) : copyOfShared(length));
    if (target.writableLength === 0) {
      this.#adapt(length);
      return true;
    }
    // The buffer may not be used again before what is in it has been sent. After a write that found no room `drain`
    // tells that; after others an empty write behind it does.
    if (isRoom) target.write(nothing, this.#resume);
    return false;
  };

  readonly #resume = (): void => {
    this.source?.resume();
  };

  pipeTo(target: Socket): void {
    this.#target = target;
    target.on("drain", this.#resume);
    this.source?.once("close", () => this.#giveBack());
    this.source?.resume();
  }

  #adapt(length: number): void {
    if (this.#own === undefined) {
      if (length < shared.length || owned >= MAX_OWN) return;
      owned += 1;
      this.#fewReads = 0;
      this.#own = spare.pop() ?? Buffer.allocUnsafeSlow(OWN_BYTES);
      return;
    }
    this.#fewReads = length < FEW_BYTES ? this.#fewReads + 1 : 0;
    if (this.#fewReads < FEW_READS) return;
    if (spare.length < MAX_SPARE) spare.push(this.#own);
    this.#giveBack();
  }

  /** Bytes may still be on their way from it: whoever knows better keeps it. */
  #giveBack(): void {
    if (this.#own === undefined) return;
    owned -= 1;
    this.#own = undefined;
  }
}

function copyOfShared(length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  shared.copy(copy, 0, 0, length);
  return copy;
}
