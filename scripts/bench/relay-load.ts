import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { answerParent } from "./child.ts";
import { openUdp } from "./relay-udp.ts";

export interface StreamLoad {
  port: number;
  /** Bytes in bulk, exchanges, connections, or datagrams. */
  amount: number;
}

const CONNECTIONS = 32;
const BULK_CONNECTIONS = 4;
const MESSAGE = Buffer.alloc(1024, "a");
const DATAGRAM = Buffer.alloc(256, "d");
const UDP_CLIENTS = 16;
const kept: Socket[] = [];

/** Fetches bytes over some connections at once. */
async function bulk({ port, amount }: StreamLoad): Promise<void> {
  const each = Math.floor(amount / BULK_CONNECTIONS);
  await Promise.all(Array.from({ length: BULK_CONNECTIONS }, () => fetchBulk(port, each)));
}

async function fetchBulk(port: number, bytes: number): Promise<void> {
  let got = 0;
  const socket = connect({
    port,
    host: "127.0.0.1",
    onread: {
      buffer: Buffer.alloc(256 * 1024),
      callback(length) {
        got += length;
        return true;
      },
    },
  });
  socket.write(`B${bytes}`);
  socket.resume();
  await once(socket, "end");
  if (got !== bytes) throw new Error(`${got} bytes came of ${bytes}`);
}

/** Sends a message of 1 KiB again and again on each of 32 connections, when the last one has come back. */
async function pingpong({ port, amount }: StreamLoad): Promise<void> {
  let sent = 0;
  const play = async (): Promise<void> => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let missing = 0;
    const send = (): void => {
      if (sent++ >= amount) return void socket.end();
      missing = MESSAGE.length;
      socket.write(MESSAGE);
    };
    socket.on("data", (chunk) => {
      missing -= chunk.length;
      if (missing === 0) send();
    });
    send();
    await once(socket, "close");
    if (sent < amount) throw new Error("a connection was closed");
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, play));
}

/** Opens connections, 32 at a time, each for one message that comes back. */
async function connects({ port, amount }: StreamLoad): Promise<void> {
  let begun = 0;
  const play = async (): Promise<void> => {
    while (begun++ < amount) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      let got = 0;
      socket.write("hello");
      socket.on("data", (chunk) => {
        got += chunk.length;
        if (got === 5) socket.end();
      });
      await once(socket, "close");
      if (got !== 5) throw new Error("an answer is missing");
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, play));
}

/** Opens connections and keeps them, each after one message that came back. */
async function idle({ port, amount }: StreamLoad): Promise<void> {
  while (kept.length < amount) {
    const batch = Array.from({ length: Math.min(200, amount - kept.length) }, async () => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.write("hello");
      await once(socket, "data");
      kept.push(socket);
    });
    await Promise.all(batch);
  }
}

export interface UdpOrder extends StreamLoad {
  /** Datagrams of all clients in a second. */
  perSecond: number;
}

/**
 * Sends datagrams at a pace, from several clients in turn.
 *
 * @returns how many were sent and how many answers came
 */
async function udp({ port, amount, perSecond }: UdpOrder): Promise<{ sent: number; received: number }> {
  const clients = await Promise.all(Array.from({ length: UDP_CLIENTS }, openUdp));
  let received = 0;
  for (const client of clients) {
    client.on("message", () => {
      received += 1;
    });
  }
  let sent = 0;
  const began = performance.now();
  while (sent < amount) {
    const due = Math.min(amount, Math.ceil(((performance.now() - began) / 1000) * perSecond));
    // What is late is not made up for all at once: the pace is what is held.
    for (const last = Math.min(due, sent + MAX_BURST); sent < last; sent++) {
      clients[sent % UDP_CLIENTS]?.send(DATAGRAM, port, "127.0.0.1");
    }
    await new Promise(setImmediate);
  }
  for (let quiet = 0, before = -1; received < sent && quiet < 10; quiet = received === before ? quiet + 1 : 0) {
    before = received;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const client of clients) client.close();
  return { sent, received };
}

const MAX_BURST = 64;

answerParent({ bulk, pingpong, connects, idle, udp });
