import type { Socket } from "node:net";
import { constants } from "node:os";
import type { Peer } from "../proxy-header.ts";
import { type TcpBinding, type TcpHandle, tcpBinding, type WriteRequest } from "./tcp-binding.ts";

/** What a connection has to tell whoever reads it. */
export interface Reader {
  /**
   * @param length bytes came, in the memory that the connection was given last
   * @returns memory for the next ones, where that is another
   */
  read(length: number): Uint8Array | undefined;
  /** No more will come. */
  ended(): void;
  /** Nothing waits any more of what was written. */
  drained(): void;
  /** Told once. `isReset`: not in order, by either side. */
  closed(isReset: boolean): void;
}

const CONNECTION = Symbol("connection");
let onRead: (this: OwnedHandle) => Uint8Array | undefined;
let onWritten: (this: OwnedRequest, status: number) => void;

type OwnedHandle = TcpHandle & { [CONNECTION]?: HandleConnection };
type OwnedRequest = WriteRequest & { [CONNECTION]?: HandleConnection };

/** Writes of less go out at once whatever was said of delays, when they are the first: they are one segment. */
const ONE_SEGMENT = 512;
const NO_DELAY = 2;
const EOF = -4095;
const ENOTCONN = -constants.errno.ENOTCONN;

/**
 * A connection as its handle: what a `net.Socket` is without its streams, events and timers, which cost a short
 * connection more than the system does. Nothing here throws, whatever the peer does.
 */
export class HandleConnection {
  readonly #handle: OwnedHandle;
  #reader: Reader | undefined;
  #isReading = false;
  /** The peer has ended its side. */
  #hasEnded = false;
  /** This side is to end when all is written. */
  #isEnding = false;
  #isShuttingDown = false;
  #isDestroyed = false;
  /** Until the system has been told to send without delay. */
  #writes = 0;
  #pending = 0;
  #closeListeners: ((this: this) => void)[] | undefined;
  /** A socket that has taken the handle over. */
  #socket: Socket | undefined;
  #bytesRead = 0;
  #bytesWritten = 0;

  /** @param before what the handle carried for a socket, which has told the system to send without delay */
  constructor(handle: TcpHandle, before?: { bytesRead: number; bytesWritten: number }) {
    this.#handle = handle;
    if (before === undefined) return;
    this.#bytesRead = before.bytesRead;
    this.#bytesWritten = before.bytesWritten;
    this.#writes = NO_DELAY;
  }

  get bytesRead(): number {
    return this.#socket?.bytesRead ?? this.#bytesRead;
  }

  /** With those that wait. */
  get bytesWritten(): number {
    return this.#socket?.bytesWritten ?? this.#bytesWritten;
  }

  get destroyed(): boolean {
    return this.#socket?.destroyed ?? this.#isDestroyed;
  }

  /** Whether what is written may still arrive. */
  get isWritable(): boolean {
    return !this.#isDestroyed && !this.#isEnding;
  }

  /** The peer. */
  get remote(): Peer {
    forgetName();
    this.#handle.getpeername(name);
    return { address: name.address, port: name.port };
  }

  get local(): Peer {
    forgetName();
    this.#handle.getsockname(name);
    return { address: name.address, port: name.port };
  }

  /** As a socket has it. */
  once(_: "close", listener: (this: this) => void): this {
    if (this.#isDestroyed) return this;
    if (this.#closeListeners === undefined) this.#closeListeners = [listener];
    else this.#closeListeners.push(listener);
    return this;
  }

  /**
   * Hands everything that comes to a reader, once `resume` is called. One that is closed already tells it so at once.
   *
   * @param memory what the first bytes are read into
   */
  readBy(reader: Reader, memory: Uint8Array): void {
    this.#reader = reader;
    if (this.#isDestroyed) {
      reader.closed(true);
      return;
    }
    this.#handle[CONNECTION] = this;
    this.#handle.onread = onRead;
    this.#handle.useUserBuffer(memory);
  }

  resume(): void {
    if (this.#isDestroyed || this.#hasEnded || this.#isReading) return;
    this.#isReading = true;
    if (this.#handle.readStart() !== 0) this.#abort();
  }

  pause(): void {
    if (this.#isDestroyed || !this.#isReading) return;
    this.#isReading = false;
    this.#handle.readStop();
  }

  /**
   * Sends bytes, unless this side has ended.
   *
   * @returns false when some of them wait: the memory must stay as it is until `drained`
   */
  write(bytes: Uint8Array): boolean {
    if (!this.isWritable) return true;
    // Saying so is a system call, which a connection of one small message is spared.
    if (this.#writes !== NO_DELAY) {
      if (this.#writes === 0 && bytes.length <= ONE_SEGMENT) this.#writes = 1;
      else {
        this.#writes = NO_DELAY;
        this.#handle.setNoDelay(true);
      }
    }
    this.#bytesWritten += bytes.length;
    // One that does not wait leaves its request as it was.
    spareRequest ??= new binding.WriteWrap();
    const request = spareRequest;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status === 0 && state[LAST_WRITE_WAITS] === 0) return true;
    spareRequest = undefined;
    if (status !== 0) {
      this.#abort();
      return true;
    }
    this.#pending += 1;
    request.bytes = bytes;
    request[CONNECTION] = this;
    request.oncomplete = onWritten;
    return false;
  }

  /** Says that no more comes, after what waits. */
  end(): void {
    if (!this.isWritable) return;
    this.#isEnding = true;
    if (this.#pending === 0) this.#shutDown();
  }

  /** Closes without a word, or with a FIN when all that came was read. */
  destroy(): void {
    if (this.#socket !== undefined) this.#socket.destroy();
    else if (!this.#isDestroyed) {
      this.#handle.close();
      this.#closed(false);
    }
  }

  /** As the peer shall learn it: this is no end in order. */
  reset(): void {
    if (this.#socket !== undefined) this.#socket.resetAndDestroy();
    else this.#abort();
  }

  setKeepAlive(isOn: boolean, delayMs: number): void {
    if (this.#socket !== undefined) this.#socket.setKeepAlive(isOn, delayMs);
    else if (!this.#isDestroyed) this.#handle.setKeepAlive(isOn, Math.trunc(delayMs / 1000));
  }

  /**
   * Has a socket take the handle over, before anything was read. This closes when the socket does, and the other way
   * round.
   */
  toSocket(create: (handle: object) => Socket): Socket {
    const socket = create(this.#handle);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.once("close", (isReset: boolean) => this.#closed(isReset));
    return socket;
  }

  #shutDown(): void {
    // Closing says the same once there is nothing more to be read or sent.
    if (this.#hasEnded) {
      this.destroy();
      return;
    }
    const request = new binding.ShutdownWrap();
    request.oncomplete = () => {
      this.#isShuttingDown = false;
    };
    this.#isShuttingDown = true;
    const status = this.#handle.shutdown(request);
    if (status === 0) return;
    this.#isShuttingDown = false;
    // One that the peer has reset already: reading tells that.
    if (status !== ENOTCONN) this.#abort();
  }

  #abort(): void {
    if (this.#isDestroyed) return;
    // It cannot be reset for the moment that a shutdown takes.
    if (this.#isShuttingDown) this.#handle.close();
    else if (this.#handle.reset() !== 0) this.#handle.close();
    this.#closed(true);
  }

  #closed(isReset: boolean): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#isReading = false;
    const listeners = this.#closeListeners;
    this.#closeListeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener.call(this);
    this.#reader?.closed(isReset);
  }

  /** @param length bytes that came, or why no more do */
  #tell(length: number): Uint8Array | undefined {
    if (this.#isDestroyed) return undefined;
    if (length > 0) {
      this.#bytesRead += length;
      return this.#reader?.read(length);
    }
    if (length === EOF) {
      this.#isReading = false;
      this.#hasEnded = true;
      this.#reader?.ended();
      if (this.#isEnding && this.#pending === 0) this.destroy();
    } else if (length < 0) this.#abort();
    return undefined;
  }

  #written(status: number): void {
    this.#pending -= 1;
    if (this.#isDestroyed) return;
    if (status < 0) this.#abort();
    else if (this.#pending === 0) {
      if (this.#isEnding) this.#shutDown();
      this.#reader?.drained();
    }
  }

  /** What handles and requests call, each its own. */
  static {
    onRead = function () {
      const connection = this[CONNECTION];
      if (connection === undefined) return undefined;
      return connection.#tell(state[BYTES_READ] ?? 0);
    };
    onWritten = function (status) {
      const connection = this[CONNECTION];
      if (connection !== undefined) connection.#written(status);
    };
  }
}

/** Whoever has a handle has it of the binding. */
const binding = tcpBinding as TcpBinding;
/** What the last read or write has to tell, at these places. */
const state = tcpBinding?.streamBaseState ?? new Int32Array(0);
const BYTES_READ = tcpBinding?.kReadBytesOrError ?? 0;
const LAST_WRITE_WAITS = tcpBinding?.kLastWriteWasAsync ?? 0;

/** Handles write names into it: one that is made anew for each costs more than the system's answer. */
const name = { address: "", family: "", port: 0 };

function forgetName(): void {
  name.address = "";
  name.port = 0;
}

let spareRequest: OwnedRequest | undefined;
