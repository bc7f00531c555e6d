import type { Socket } from "node:dgram";
import { type TcpBinding, type TcpHandle, tcpBinding, type WriteRequest } from "../tcp/handle/tcp-binding.ts";
import { type ConnectedDatagrams, MAX_DATAGRAM_BYTES, MAX_WAITING_BYTES } from "./datagrams.ts";
import type { UdpHandle } from "./udp-handle.ts";

/**
 * Carries the datagrams of a connected socket by a stream handle on the same descriptor: to the system, each read and
 * write of it is one datagram. For each that comes a UDP handle takes 64 KiB of memory, asks once more for nothing, and
 * makes an object with the sender's address as text, though there is one sender only; a stream handle reads it into memory
 * that is there already. The socket's own handle neither reads nor writes meanwhile.
 *
 * @returns undefined, and nothing has changed, where that cannot be done
 */
export function streamDatagrams(
  socket: Socket,
  handle: UdpHandle,
  take: (datagram: Buffer) => void,
): ConnectedDatagrams | undefined {
  if (tcpBinding === undefined) return undefined;
  const { fd } = handle;
  handle.recvStop();
  let stream = streams.get(fd);
  if (stream === undefined) {
    stream = new DatagramStream(fd, tcpBinding);
    streams.set(fd, stream);
  }
  if (stream.start()) return stream.carry(socket, take);
  handle.recvStart();
  return undefined;
}

/**
 * By descriptor. The socket's own handle closes the descriptor, and a second one that did so might close what has got the
 * number meanwhile: so these are never closed, and serve the next socket with their number. There are no more of them than
 * descriptors were open at one time.
 */
const streams = new Map<number, DatagramStream>();

/** All of them read into it: a datagram is taken before the next one comes. */
const received = Buffer.allocUnsafeSlow(MAX_DATAGRAM_BYTES);
/** Its last view, since a datagram is often as long as the one before. */
let view = received.subarray(0, 0);

const EOF = -4095;

interface Carried {
  readonly socket: Socket;
  readonly take: (datagram: Buffer) => void;
}

class DatagramStream {
  readonly #descriptor: number;
  readonly #binding: TcpBinding;
  readonly #handle: TcpHandle;
  /** The socket that has the descriptor, until it is to be closed. */
  #carried: Carried | undefined;
  /** After an error a stream neither reads nor writes, until it is started anew. */
  #hasFailed = false;
  /** Of datagrams that the system has not taken yet, and one for each. */
  #waiting = 0;
  #closing: Socket | undefined;

  constructor(descriptor: number, binding: TcpBinding) {
    this.#descriptor = descriptor;
    this.#binding = binding;
    this.#handle = new binding.TCP(binding.SOCKET);
    const { streamBaseState, kReadBytesOrError } = binding;
    this.#handle.onread = () => {
      this.#read(streamBaseState[kReadBytesOrError] ?? 0);
      return undefined;
    };
    this.#handle.useUserBuffer(received);
  }

  /** @returns whether it reads from now on */
  start(): boolean {
    this.#hasFailed = false;
    return this.#handle.open(this.#descriptor) === 0 && this.#handle.readStart() === 0;
  }

  /** @returns what is for this socket alone, whoever has the stream after it */
  carry(socket: Socket, take: (datagram: Buffer) => void): ConnectedDatagrams {
    const carried = { socket, take };
    this.#carried = carried;
    return {
      send: (datagram) => this.#carried === carried && this.#send(datagram),
      close: () => {
        if (this.#carried === carried) this.#close(carried);
      },
    };
  }

  #send(datagram: Buffer): boolean {
    if (this.#waiting > MAX_WAITING_BYTES) return false;
    if (this.#hasFailed) this.start();
    // The first error may be that of an earlier datagram, which the system tells in the next call.
    return this.#write(datagram) || this.#write(datagram);
  }

  #close({ socket }: Carried): void {
    this.#carried = undefined;
    this.#handle.readStop();
    if (this.#waiting === 0) socket.close();
    else this.#closing = socket;
  }

  /** @param length of a datagram, 0 for none, or why none can be read */
  #read(length: number): void {
    if (length > 0) {
      if (view.length !== length) view = received.subarray(0, length);
      this.#carried?.take(view);
    } else if (length === EOF) {
      // An empty datagram, which a stream takes for its end.
      this.#handle.readStart();
      this.#carried?.take(received.subarray(0, 0));
    } else if (length < 0) {
      this.#hasFailed = true;
      // Not before the handle is done with the error.
      setImmediate(() => {
        if (this.#hasFailed && this.#carried !== undefined) this.start();
      });
    }
  }

  /** @returns false when the system does not take it */
  #write(datagram: Buffer): boolean {
    spareRequest ??= new this.#binding.WriteWrap();
    const request = spareRequest;
    const status = this.#handle.writeBuffer(request, datagram);
    if (status !== 0 || this.#binding.streamBaseState[this.#binding.kLastWriteWasAsync] === 0) return status === 0;
    spareRequest = undefined;
    request.bytes = datagram;
    const weight = datagram.length + 1;
    this.#waiting += weight;
    request.oncomplete = () => {
      this.#waiting -= weight;
      const closing = this.#closing;
      if (this.#waiting > 0 || closing === undefined) return;
      this.#closing = undefined;
      // Not before the handle is done with what was written.
      setImmediate(() => closing.close());
    };
    return true;
  }
}

/** One that does not wait leaves its request as it was. */
let spareRequest: WriteRequest | undefined;
