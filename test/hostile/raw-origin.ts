import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { readMessage } from "./read-message.ts";

/** A request as its bytes came. */
export interface SeenRequest {
  /** Method and target. */
  line: string;
  /** Names in lower case. */
  headers: [name: string, value: string][];
}

/**
 * A Pod that keeps connections and reads them by the letter of RFC 9112, without any leniency: whatever two parsers
 * could read in two ways is written down as a fault.
 */
export interface RawOrigin {
  port: number;
  /** Every head that came, bodies complete or not, in order. */
  seen: SeenRequest[];
  /** What was no well-formed request, or followed one without being a request. */
  faults: string[];
  close(): Promise<void>;
}

export async function startRawOrigin(): Promise<RawOrigin> {
  const seen: SeenRequest[] = [];
  const faults: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let text = "";
    let isHeadSeen = false;
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      while (text !== "") {
        const { head, rest, fault } = readMessage(text, "request");
        if (fault !== undefined) {
          faults.push(`${fault}: ${JSON.stringify(text.slice(0, 200))}`);
          return socket.destroy();
        }
        if (head !== undefined && !isHeadSeen) {
          seen.push({ line: head.start.replace(/ HTTP\/1\.1$/, ""), headers: head.headers });
          isHeadSeen = true;
        }
        if (rest === undefined) return;
        text = rest;
        isHeadSeen = false;
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\norigin");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    faults,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
