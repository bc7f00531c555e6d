import type { Socket } from "node:dgram";
import { streamDatagrams } from "./datagram-stream.ts";
import { type ConnectedDatagrams, MAX_WAITING_BYTES } from "./datagrams.ts";
import { udpHandleOf } from "./udp-handle.ts";

/**
 * Takes a connected socket's datagrams and sends others by it. Errors, such as the one by which the system tells that
 * nobody listens there, are left out.
 *
 * @param take takes what comes, whose memory is used again after the call
 * @param isDirect whether by the handles below Node's socket
 */
export function useConnected(socket: Socket, take: (datagram: Buffer) => void, isDirect: boolean): ConnectedDatagrams {
  const handle = isDirect ? udpHandleOf(socket) : undefined;
  return (handle && streamDatagrams(socket, handle, take)) ?? useEvents(socket, take);
}

function useEvents(socket: Socket, take: (datagram: Buffer) => void): ConnectedDatagrams {
  socket.on("message", take);
  return {
    send(datagram) {
      try {
        if (socket.getSendQueueSize() > MAX_WAITING_BYTES) return false;
        socket.send(datagram);
        return true;
      } catch {
        return false;
      }
    },
    close: () => void socket.close(),
  };
}
