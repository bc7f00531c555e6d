import type { Socket } from "node:dgram";
import { type DatagramPeer, MAX_DATAGRAM_BYTES, MAX_WAITING_BYTES } from "./datagrams.ts";
import { type Sending, SendWrap, type UdpHandle, udpHandleOf } from "./udp-handle.ts";

/**
 * Sends a datagram to a peer. Its memory may be used again at once.
 *
 * @returns false when it is dropped, since the system does not take it or too much waits already
 */
export type SendDatagram = (datagram: Uint8Array, to: DatagramPeer) => boolean;

type TakeDatagram = (datagram: Buffer, from: DatagramPeer) => void;

/**
 * Takes a bound socket's datagrams, and tells how others are sent by it. Errors of receiving, such as the one by which
 * the system tells that nobody listens where something was sent to, are left out.
 *
 * @param isDirect whether by the handle below Node's socket: an event, its arguments and the objects for a send that may
 *   have to wait cost as much as the system calls
 */
export function useDatagrams(socket: Socket, take: TakeDatagram, isDirect: boolean): SendDatagram {
  const handle = isDirect ? udpHandleOf(socket) : undefined;
  if (handle === undefined || SendWrap === undefined) return useEvents(socket, take);
  handle.onmessage = (length, _, datagram, from) => {
    if (length >= 0) take(datagram, from);
  };
  return sendBy(handle, SendWrap);
}

/** What is sent is copied here first; a datagram that waits takes it along. */
let outgoing = Buffer.allocUnsafeSlow(MAX_DATAGRAM_BYTES);
/** The last view of it, since a datagram is often as long as the one before. */
let view = outgoing.subarray(0, 0);

function sendBy(handle: UdpHandle, Wrap: new () => Sending): SendDatagram {
  let sending = new Wrap();
  let list = [view];
  let mayWait = false;
  return (datagram, { port, address }) => {
    if (mayWait) {
      const waiting = handle.getSendQueueSize();
      if (waiting > MAX_WAITING_BYTES) return false;
      mayWait = waiting > 0;
    }
    const { length } = datagram;
    if (length > MAX_DATAGRAM_BYTES) return false;
    if (view.length !== length) view = outgoing.subarray(0, length);
    view.set(datagram);
    list[0] = view;
    const result = handle.send(sending, list, 1, port, address, false);
    if (result === 0) {
      mayWait = true;
      sending.kept = list;
      sending = new Wrap();
      outgoing = Buffer.allocUnsafeSlow(MAX_DATAGRAM_BYTES);
      view = outgoing.subarray(0, 0);
      list = [view];
    }
    return result >= 0;
  };
}

function useEvents(socket: Socket, take: TakeDatagram): SendDatagram {
  socket.on("message", take);
  return (datagram, { port, address }) => {
    try {
      if (socket.getSendQueueSize() > MAX_WAITING_BYTES) return false;
      socket.send(Buffer.from(datagram), port, address);
      return true;
    } catch {
      return false;
    }
  };
}
