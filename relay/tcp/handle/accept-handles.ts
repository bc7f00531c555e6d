import type { Server } from "node:net";
import { HandleConnection } from "./handle-connection.ts";
import { type TcpHandle, tcpBinding } from "./tcp-binding.ts";

/**
 * Offers the connections of a server that listens as handles. Those that nobody takes become sockets, as all do
 * otherwise.
 *
 * @param take whether it takes a connection, of which nothing was read
 */
export function acceptHandles(server: Server, take: (connection: HandleConnection) => boolean): void {
  const { _handle: listener } = server as Server & { _handle?: Partial<TcpHandle> | null };
  const accept = listener?.onconnection;
  if (listener === undefined || listener === null || accept === undefined) return;
  listener.onconnection = function (status, client) {
    const isOffered = status === 0 && tcpBinding !== undefined && client instanceof tcpBinding.TCP;
    if (!isOffered || !take(new HandleConnection(client))) accept.call(this, status, client);
  };
}
