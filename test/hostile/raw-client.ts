import { connect } from "node:net";
import { type Head, readMessage } from "./read-message.ts";

export interface RawAnswer extends Head {
  status: number;
}

/**
 * Sends bytes on a connection of their own and reads answers until the other side ends it. This side ends when so many
 * answers are complete, 1xx not counted: with 0 as soon as all is sent.
 *
 * @param text bytes as latin1
 */
export function sendRaw(port: number, text: string, answers = 1): Promise<RawAnswer[]> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer[]>();
  const got: RawAnswer[] = [];
  let received = "";
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.write(text, "latin1", () => {
    if (answers === 0) socket.end();
  });
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    for (;;) {
      const { head, rest, fault } = readMessage(received, "response");
      if (fault !== undefined) got.push({ start: `${fault}: ${received.slice(0, 200)}`, headers: [], status: 0 });
      if (fault !== undefined || head === undefined || rest === undefined) break;
      received = rest;
      const status = Number(head.start.slice(9, 12));
      if (status < 200) continue;
      got.push({ ...head, status });
      if (got.length === answers) socket.end();
    }
  });
  // Whoever refuses a request may close before having read all of it.
  socket.on("error", () => {});
  socket.on("end", () => socket.end());
  socket.on("close", () => resolve(got));
  return promise;
}
