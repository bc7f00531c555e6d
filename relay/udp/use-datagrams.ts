import type { Socket } from "node:dgram";

/** Where a datagram came from, or goes to. */
export interface DatagramPeer {
  readonly address: string;
  readonly port: number;
}

/**
 * Sends a datagram: to a peer, or without one by a socket that is connected.
 *
 * @returns false when it is dropped, since the system does not take it or too much waits already
 */
export type SendDatagram = (datagram: Buffer, to?: DatagramPeer) => boolean;

type TakeDatagram = (datagram: Buffer, from: DatagramPeer) => void;

/** Bytes that may wait in a socket for the system to take them. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Takes a bound socket's datagrams, and tells how others are sent by it. Errors of receiving, such as the one by which
 * the system tells that nobody listens where something was sent to, are left out.
 *
 * It uses the handle below Node's socket: an event, its arguments and the objects for a send that may have to wait cost
 * as much as the system calls. The handle is no part of Node's documented API, and one that is used wrongly ends the
 * process, so that is done for the version only that it is known of; with others, datagrams go the usual way.
 *
 * @param isDirect false for the usual way
 */
export function useDatagrams(socket: Socket, take: TakeDatagram, isDirect = true): SendDatagram {
  const handle = isDirect && SendWrap !== undefined ? handleOf(socket) : undefined;
  if (handle === undefined || SendWrap === undefined) return useEvents(socket, take);
  handle.onmessage = (length, _, datagram, from) => {
    if (length >= 0) take(datagram, from);
  };
  return sendBy(handle, SendWrap);
}

/** What a handle is given for each send, and keeps when that has to wait. */
interface Sending {
  kept?: readonly Buffer[];
}

interface Handle {
  /** `length` below 0 is an error's number. */
  onmessage: (length: number, handle: unknown, datagram: Buffer, from: DatagramPeer) => void;
  /** @returns a number below 0 for an error, 0 for a datagram that waits, and else its length and 1 */
  send(sending: Sending, list: readonly Buffer[], count: 1, isWatched: false): number;
  send(sending: Sending, list: readonly Buffer[], count: 1, port: number, address: string, isWatched: false): number;
  getSendQueueSize(): number;
}

const KNOWN_VERSION = /^24\./;

const SendWrap = KNOWN_VERSION.test(process.versions.node) ? findSendWrap() : undefined;

function findSendWrap(): (new () => Sending) | undefined {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => { SendWrap?: new () => Sending } };
    return binding?.("udp_wrap").SendWrap;
  } catch {
    return undefined;
  }
}

function handleOf(socket: Socket): Handle | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol");
  const { handle } = (key && (socket as unknown as Record<symbol, { handle?: Partial<Handle> }>)[key]) ?? {};
  const isKnown =
    typeof handle?.onmessage === "function" &&
    typeof handle.send === "function" &&
    typeof handle.getSendQueueSize === "function";
  return isKnown ? (handle as Handle) : undefined;
}

const nothing = Buffer.alloc(0);

function sendBy(handle: Handle, Wrap: new () => Sending): SendDatagram {
  let sending = new Wrap();
  let list: Buffer[] = [nothing];
  let mayWait = false;
  const send = (to: DatagramPeer | undefined): number =>
    to === undefined ? handle.send(sending, list, 1, false) : handle.send(sending, list, 1, to.port, to.address, false);
  return (datagram, to) => {
    if (mayWait) {
      const waiting = handle.getSendQueueSize();
      if (waiting > MAX_WAITING_BYTES) return false;
      mayWait = waiting > 0;
    }
    list[0] = datagram;
    let result = send(to);
    // The first error may be that of an earlier datagram, which the system tells in the next call.
    if (result < 0 && to === undefined) result = send(to);
    if (result === 0) {
      mayWait = true;
      sending.kept = list;
      sending = new Wrap();
      list = [nothing];
    } else list[0] = nothing;
    return result >= 0;
  };
}

function useEvents(socket: Socket, take: TakeDatagram): SendDatagram {
  socket.on("message", take);
  return (datagram, to) => {
    try {
      if (socket.getSendQueueSize() > MAX_WAITING_BYTES) return false;
      if (to === undefined) socket.send(datagram);
      else socket.send(datagram, to.port, to.address);
      return true;
    } catch {
      return false;
    }
  };
}
