import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { HandleConnection } from "../../../relay/tcp/handle/handle-connection.ts";
import { takeHandle } from "../../../relay/tcp/handle/take-handle.ts";
import { splice } from "../../../relay/tcp/splice.ts";

const open: Socket[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

/** Two ends of one connection; the second is paused, as an accepted one is handed on. */
async function pair(): Promise<[outer: Socket, inner: Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const outer = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [inner] = (await once(server, "connection")) as [Socket];
  for (const socket of [outer, inner]) {
    socket.on("error", () => {});
    open.push(socket);
  }
  return [outer, inner];
}

async function send(socket: Socket, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) if (!socket.write(chunk)) await once(socket, "drain");
  socket.end();
}

/** Reads to the end, pausing after so many bytes for so many turns of the event loop. */
async function receive(socket: Socket, stallEach: number, stallTurns: number): Promise<string> {
  const hash = createHash("sha256");
  let since = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    hash.update(chunk);
    since += chunk.length;
    if (since < stallEach) continue;
    since = 0;
    for (let left = stallTurns; left > 0; left--) await turn();
  }
  return hash.digest("hex");
}

const hashOf = (chunks: readonly Buffer[]): string => {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
};

const chunks = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.constantFrom(65_536, 65_537, 262_144, 1_500_000)), {
    minLength: 1,
    maxLength: 12,
  })
  .map((sizes) => sizes.map((size) => randomBytes(size)));

type End = Socket | HandleConnection;

function asHandle(socket: Socket): HandleConnection {
  const taken = takeHandle(socket);
  if (taken === undefined) throw new Error("the socket has no handle to give");
  return taken.connection;
}

describe.each<[name: string, near: (socket: Socket) => End, far: (socket: Socket) => End]>([
  ["sockets", (socket) => socket, (socket) => socket],
  ["handles", asHandle, asHandle],
  ["a socket whose handle is taken, and a handle", (socket) => socket, asHandle],
  ["a handle that becomes a socket, and a socket", asHandle, (socket) => socket],
])("between %s", (_, nearOf, farOf) => {
  /** A client and a Pod with a splice between them. */
  async function connected(): Promise<{ client: Socket; pod: Socket; near: End; closed: Promise<void> }> {
    const [client, accepted] = await pair();
    const [pod, dialled] = await pair();
    const near = nearOf(accepted);
    const closed = new Promise<void>((resolve) => splice(near, farOf(dialled), { onClose: resolve }));
    return { client, pod, near, closed };
  }

  it("brings every byte across in its place, however large the pieces and however slow the readers", async () => {
    const stall = fc.record({
      each: fc.constantFrom(1_000, 100_000, 1_000_000),
      turns: fc.integer({ min: 0, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(chunks, chunks, stall, stall, async (up, down, slowPod, slowClient) => {
        const { client, pod, closed } = await connected();
        const [atPod, atClient] = await Promise.all([
          receive(pod, slowPod.each, slowPod.turns),
          receive(client, slowClient.each, slowClient.turns),
          send(client, up),
          send(pod, down),
        ]);
        expect([atPod, atClient]).toEqual([hashOf(up), hashOf(down)]);
        await closed;
      }),
      { numRuns: 40 },
    );
  });

  it("many connections at one time do not get each other's bytes", async () => {
    const carried = Array.from({ length: 30 }, async (_, index) => {
      const { client, pod, closed } = await connected();
      const up = Array.from({ length: 40 }, () => randomBytes(1 + ((index * 7_919) % 70_000)));
      const [atPod] = await Promise.all([receive(pod, 50_000, index % 5), send(client, up), pod.end()]);
      client.resume();
      expect(atPod).toBe(hashOf(up));
      await closed;
    });
    await Promise.all(carried);
  });

  it("keeps what waits for one reader apart from what passes meanwhile", async () => {
    const slow = await connected();
    slow.pod.pause();
    const sent: Buffer[] = [];
    // Small pieces, until the last one waits in the relay and the rest with the client.
    while (slow.client.writableLength === 0) {
      const piece = randomBytes(20_000);
      sent.push(piece);
      slow.client.write(piece);
      await turn();
    }
    const others = Array.from({ length: 5 }, async () => {
      const { client, pod } = await connected();
      const up = [randomBytes(60_000)];
      const [atPod] = await Promise.all([receive(pod, 1_000_000, 0), send(client, up)]);
      expect(atPod).toBe(hashOf(up));
    });
    await Promise.all(others);
    slow.client.end();
    expect(await receive(slow.pod, 1_000_000, 0)).toBe(hashOf(sent));
  });

  it("holds little of what a reader leaves lying", async () => {
    const { client, pod } = await connected();
    pod.pause();
    const piece = Buffer.alloc(1_000_000);
    while (client.write(piece) || client.writableLength < 50 * piece.length) await turn();
    const before = client.bytesWritten - client.writableLength;
    for (let left = 200; left > 0; left--) await turn();
    // What is on its way lies in the system's buffers, of two connections, and in one buffer here.
    expect(client.bytesWritten - client.writableLength).toBe(before);
    expect(before).toBeLessThan(30_000_000);
  });

  it("passes on bytes that were read before, and those put back", async () => {
    const [client, near] = await pair();
    const [pod, far] = await pair();
    client.write("hello ");
    await once(near, "readable");
    near.unshift(near.read() as Buffer);
    // Only a socket can have read them.
    splice(near, farOf(far), { onClose: () => {} });
    client.end("world");
    const heard: Buffer[] = [];
    for await (const chunk of pod as AsyncIterable<Buffer>) heard.push(chunk);
    expect(Buffer.concat(heard).toString()).toBe("hello world");
  });

  it("tells how many bytes have passed, by the sockets that it was given", async () => {
    const { client, pod, near, closed } = await connected();
    client.end(Buffer.alloc(70_000));
    pod.end("seven b");
    client.resume();
    pod.resume();
    await closed;
    expect([near.bytesRead, near.bytesWritten]).toEqual([70_000, 7]);
  });

  it.each([
    ["a client", 0],
    ["a Pod", 1],
  ])("passes on the reset of %s, and outlives it", async (_, index) => {
    const { client, pod, closed } = await connected();
    const [resetting, other] = index === 0 ? [client, pod] : [pod, client];
    resetting.write("hello");
    other.resume();
    await once(other, "data");
    const isReset = new Promise((resolve) => other.once("close", resolve));
    resetting.resetAndDestroy();
    await closed;
    expect(await isReset).toBe(true);
  });
});
