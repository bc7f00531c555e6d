import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { answerParent } from "./child.ts";
import { openUdp } from "./relay-udp.ts";

/** The first byte of a connection whose peer wants bytes, as many as the text after it says; others get back theirs. */
const WANTS_BULK = "B".charCodeAt(0);

const piece = Buffer.alloc(256 * 1024, "x");

/** @returns the port of a server of TCP that sends in bulk, or sends back what it gets */
async function tcp(): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (first) => {
      if (first[0] === WANTS_BULK) sendBulk(socket, Number(first.subarray(1).toString()));
      else {
        socket.write(first);
        socket.on("data", (chunk) => socket.write(chunk));
      }
    });
    socket.on("end", () => socket.end());
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function sendBulk(socket: Socket, bytes: number): void {
  let left = bytes;
  const send = (): void => {
    while (left > 0 && !socket.destroyed) {
      const next = piece.subarray(0, left);
      left -= next.length;
      if (!socket.write(next)) {
        socket.once("drain", send);
        return;
      }
    }
    socket.end();
  };
  send();
}

/** @returns the port of a server of UDP that sends back what it gets */
async function udp(): Promise<number> {
  const socket = await openUdp();
  socket.on("message", (datagram, { port, address }) => socket.send(datagram, port, address));
  return socket.address().port;
}

answerParent({ tcp, udp });
