import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** A socket of UDP with room for bursts, and none of Node's looking up of addresses. */
export async function openUdp(): Promise<Socket> {
  const socket = createSocket({
    type: "udp4",
    recvBufferSize: 4 * 1024 * 1024,
    sendBufferSize: 1024 * 1024,
    lookup: (name, _, done) => done(null, name, 4),
  });
  const listening = once(socket, "listening");
  socket.bind(0, "127.0.0.1");
  await listening;
  return socket;
}
