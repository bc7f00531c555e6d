import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { useConnected } from "../../../relay/udp/connected-datagrams.ts";
import type { ConnectedDatagrams } from "../../../relay/udp/datagrams.ts";
import type { UdpHandle } from "../../../relay/udp/udp-handle.ts";

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const closer of closers.splice(0)) closer();
});

async function bind(port = 0): Promise<Socket> {
  const socket = createSocket("udp4").bind(port, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** Sends back what comes, whole. */
async function echo(port?: number): Promise<Socket> {
  const socket = await bind(port);
  socket.on("message", (datagram, from) => socket.send(datagram, from.port));
  closers.push(() => closeOnce(socket));
  return socket;
}

function closeOnce(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // A test has closed it.
  }
}

interface Client extends ConnectedDatagrams {
  socket: Socket;
  /** The next one that comes. */
  next(): Promise<string>;
}

describe.each([
  ["by a stream", true],
  ["by events", false],
])("datagrams of a connected socket, %s,", (_, isDirect) => {
  async function connect(port: number): Promise<Client> {
    const socket = await bind();
    socket.on("error", () => {});
    socket.connect(port, "127.0.0.1");
    await once(socket, "connect");
    const came: string[] = [];
    let wake = (): void => {};
    const datagrams = useConnected(
      socket,
      (datagram) => {
        came.push(datagram.toString());
        wake();
      },
      isDirect,
    );
    expect(socket.listenerCount("message")).toBe(isDirect ? 0 : 1);
    return {
      socket,
      send: (datagram) => datagrams.send(datagram),
      close: () => datagrams.close(),
      async next() {
        while (came.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        return came.shift() ?? "";
      },
    };
  }

  it("come and go, each by itself: empty ones and the longest too", async () => {
    const client = await connect((await echo()).address().port);
    closers.push(() => client.close());
    const lengths = [3, 0, 1, 65_507, 0, 1_400];
    for (const length of lengths) {
      expect(client.send(Buffer.alloc(length, "x"))).toBe(true);
      expect(await client.next()).toBe("x".repeat(length));
    }
    for (let at = 0; at < 50; at++) client.send(Buffer.from(`${at}`));
    for (let at = 0; at < 50; at++) expect(await client.next()).toBe(`${at}`);
  });

  it("go on after a time in which nobody listened", async () => {
    const first = await echo();
    const { port } = first.address();
    const client = await connect(port);
    closers.push(() => client.close());
    first.close();
    await once(first, "close");
    for (let at = 0; at < 5; at++) {
      expect(client.send(Buffer.from("lost"))).toBe(true);
      await turn();
    }
    await echo(port);
    expect(client.send(Buffer.from("again"))).toBe(true);
    expect(await client.next()).toBe("again");
  });

  it("are of the socket that has the descriptor now", async () => {
    const { port } = (await echo()).address();
    const earlier: Client[] = [];
    for (let at = 0; at < 20; at++) {
      const clients = [await connect(port), await connect(port)];
      for (const [of, client] of clients.entries()) client.send(Buffer.from(`${at} ${of}`));
      for (const [of, client] of clients.entries()) expect(await client.next()).toBe(`${at} ${of}`);
      for (const client of clients.reverse()) {
        const closed = once(client.socket, "close");
        client.close();
        await closed;
        earlier.push(client);
      }
      for (const client of earlier) {
        expect(client.send(Buffer.from("late"))).toBe(false);
        if (isDirect) client.close();
      }
    }
  });

  it("that are too long are dropped, and harm nothing", async () => {
    const client = await connect((await echo()).address().port);
    closers.push(() => client.close());
    client.send(Buffer.alloc(65_508));
    client.send(Buffer.from("short"));
    expect(await client.next()).toBe("short");
  });
});

describe("datagrams that the system does not take yet", () => {
  /** A handle on which all that is written waits. */
  class SlowHandle {
    static made: SlowHandle[] = [];
    onread: unknown;
    readonly written: { request: { oncomplete: (status: number) => void }; bytes: Buffer }[] = [];
    calls: string[] = [];

    constructor() {
      SlowHandle.made.push(this);
    }

    useUserBuffer(): void {}
    open = (): number => 0;
    readStart = (): number => 0;
    readStop(): number {
      this.calls.push("readStop");
      return 0;
    }
    writeBuffer(request: { oncomplete: (status: number) => void }, bytes: Buffer): number {
      this.written.push({ request, bytes });
      return 0;
    }
  }

  async function openSlow() {
    vi.resetModules();
    vi.doMock("../../../relay/tcp/handle/tcp-binding.ts", () => ({
      tcpBinding: {
        TCP: SlowHandle,
        WriteWrap: class {},
        SOCKET: 0,
        streamBaseState: Int32Array.of(0, 1),
        kReadBytesOrError: 0,
        kLastWriteWasAsync: 1,
      },
    }));
    const { streamDatagrams } = await import("../../../relay/udp/datagram-stream.ts");
    vi.doUnmock("../../../relay/tcp/handle/tcp-binding.ts");
    const socket = { close: vi.fn() };
    const handle = { fd: 1_000, recvStop: () => 0, recvStart: () => 0 };
    const stream = streamDatagrams(socket as unknown as Socket, handle as unknown as UdpHandle, () => {});
    const slow = SlowHandle.made.at(-1);
    if (stream === undefined || slow === undefined) throw new Error("there is no stream");
    return { stream, slow, socket };
  }

  it("each keep a request of their own, and are as many as four MiB", async () => {
    const { stream, slow } = await openSlow();
    const datagram = Buffer.alloc(60_000);
    let taken = 0;
    while (stream.send(datagram)) taken += 1;
    expect(taken).toBe(70);
    expect(new Set(slow.written.map(({ request }) => request)).size).toBe(70);
    slow.written[0]?.request.oncomplete(0);
    expect(stream.send(datagram)).toBe(true);
    expect(stream.send(datagram)).toBe(false);
  });

  it("keep the descriptor from being closed until they are gone, the empty ones too", async () => {
    const { stream, slow, socket } = await openSlow();
    stream.send(Buffer.from("one"));
    stream.send(Buffer.alloc(0));
    stream.close();
    expect(slow.calls).toEqual(["readStop"]);
    expect(stream.send(Buffer.from("late"))).toBe(false);
    slow.written[0]?.request.oncomplete(0);
    await turn();
    expect(socket.close).not.toHaveBeenCalled();
    slow.written[1]?.request.oncomplete(-1);
    await turn();
    expect(socket.close).toHaveBeenCalledOnce();
  });
});
