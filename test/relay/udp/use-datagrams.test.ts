import { execFile } from "node:child_process";
import { createSocket, type Socket, type SocketType } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { datagramHandlesWork } from "../../../relay/udp/datagram-handles-work.ts";
import type { DatagramPeer } from "../../../relay/udp/datagrams.ts";
import { openUpstream } from "../../../relay/udp/open-upstream.ts";
import { useDatagrams } from "../../../relay/udp/use-datagrams.ts";

const run = promisify(execFile);
const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const closer of closers.splice(0)) closer();
});

const loopback: Partial<Record<SocketType, string>> = { udp4: "127.0.0.1", udp6: "::1" };

async function bind(type: SocketType): Promise<Socket> {
  const socket = createSocket(type).bind(0, loopback[type]);
  await once(socket, "listening");
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

it("handles work on the version of Node that is pinned", async () => {
  expect(await datagramHandlesWork()).toBe(true);
  const socket = await bind("udp4");
  useDatagrams(socket, () => {}, true);
  expect(socket.listenerCount("message")).toBe(0);
});

it.each<[why: string, flags: string[], env: NodeJS.ProcessEnv]>([
  ["they are switched off", [], { SLUICE_UDP_HANDLES: "off" }],
  ["Node keeps them from programs", ["--permission", "--allow-fs-read=*"], {}],
])("handles are not used where %s", async (_, flags, env) => {
  const work = new URL("../../../relay/udp/datagram-handles-work.ts", import.meta.url);
  const source = `import { datagramHandlesWork } from "${work.href}"; console.log(await datagramHandlesWork());`;
  const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "--eval", source], {
    env: { ...process.env, ...env },
  });
  expect(stdout).toBe("false\n");
});

describe.each([
  ["by handles", true],
  ["by events", false],
])("datagrams %s", (_, isDirect) => {
  const use = (socket: Socket, take: (datagram: Buffer, from: DatagramPeer) => void = () => {}) =>
    useDatagrams(socket, take, isDirect);

  it.each(["udp4", "udp6"] as const)("come and go over %s, the empty ones and the longest too", async (type) => {
    const [one, two] = [await bind(type), await bind(type)];
    const back: number[] = [];
    const sendBack = use(two, (datagram, from) => sendBack(datagram, from));
    const allBack = new Promise<void>((resolve) => {
      const send = use(one, (datagram) => {
        back.push(datagram.length);
        if (back.length === 3) resolve();
      });
      const to = { address: loopback[type] ?? "", port: two.address().port };
      for (const length of [0, 1, 65_000]) expect(send(Buffer.alloc(length, "x"), to)).toBe(true);
    });
    await allBack;
    expect(back).toEqual([0, 1, 65_000]);
  });

  it("arrive whole, each by itself, from whom they are", async () => {
    const [one, two] = [await bind("udp4"), await bind("udp4")];
    const got: [string, number][] = [];
    const send = use(one);
    const all = new Promise<void>((resolve) => {
      use(two, (datagram, { port }) => {
        got.push([datagram.toString(), port]);
        if (got.length === 100) resolve();
      });
    });
    const { port } = one.address();
    for (let at = 0; at < 100; at++) send(Buffer.from(`${at}`), { address: "127.0.0.1", port: two.address().port });
    await all;
    expect(got).toEqual(Array.from({ length: 100 }, (_, at) => [`${at}`, port]));
  });

  it("to nowhere throw nothing", async () => {
    const socket = await bind("udp4");
    const send = use(socket);
    // Whoever sends may claim to be at port 0.
    expect(send(Buffer.from("x"), { address: "127.0.0.1", port: 0 })).toBe(false);
    expect(() => send(Buffer.alloc(70_000), { address: "127.0.0.1", port: 9 })).not.toThrow();
    socket.close();
    expect(send(Buffer.from("x"), { address: "127.0.0.1", port: 9 })).toBe(false);
    await once(socket, "close");
    expect(send(Buffer.from("x"), { address: "127.0.0.1", port: 9 })).toBe(false);
  });

  it("wait for the address of a name, so many of them", async () => {
    const pod = await bind("udp4");
    const got: string[] = [];
    const all = new Promise<void>((resolve) => {
      pod.on("message", (datagram) => {
        got.push(datagram.toString());
        if (got.length === 16) resolve();
      });
    });
    const { port } = pod.address();
    const target = { address: "localhost", authority: `localhost:${port}`, isTerminating: false };
    const upstream = openUpstream(target, { take: () => {}, failed: () => {}, isDirect });
    closers.push(() => upstream?.close());
    const taken = Array.from({ length: 20 }, (_, at) => upstream?.send(Buffer.from(`${at}`)));
    expect(taken.filter(Boolean)).toHaveLength(16);
    await all;
    expect(got).toEqual(Array.from({ length: 16 }, (_, at) => `${at}`));
  });

  it("to a name without an address are told of, with how many there were", async () => {
    const target = { address: "not a name", authority: "not a name:53", isTerminating: false };
    const dropped = new Promise<number>((resolve) => {
      const upstream = openUpstream(target, { take: () => {}, failed: resolve, isDirect });
      closers.push(() => upstream?.close());
      upstream?.send(Buffer.from("1"));
      upstream?.send(Buffer.from("2"));
    });
    expect(await dropped).toBe(2);
  });
});
