import { spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { closePrograms, type RelayProgram, relayFolder, runFeed, runRelay } from "../streams/relay-program.ts";
import { closeStreams, datagramsTo, soon } from "../streams/streams-harness.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0)) await closer();
  await closePrograms();
  await closeStreams();
});

/** A socket at an address of the loopback. */
async function bind(address: string): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, address);
  await once(socket, "listening");
  return socket;
}

/** The relay program with one UDP entry point, before a Pod that sends everything back, and tells from which port it came. */
async function start(...flags: string[]) {
  const pod = await bind("127.0.0.1");
  closers.push(() => pod.close());
  pod.on("message", (datagram, { port, address }) => pod.send(`${port} ${datagram}`, port, address));
  const feed = await runFeed();
  const relay = await runRelay(await relayFolder(), "--feed", feed.url, ...flags);
  feed.serve(datagramsTo([pod.address().port]));
  return { relay, port: await relay.port("dns") };
}

/** A client that stays, and asks now and then. */
async function startClient(port: number) {
  const socket = await bind("127.0.0.1");
  closers.push(() => socket.close());
  return {
    socket,
    /** Asks until there is an answer: a machine that is busy may lose one. @returns the port from which the Pod was asked */
    async ask(text: string): Promise<string> {
      const again = setInterval(() => socket.send(text, port, "127.0.0.1"), 500);
      try {
        socket.send(text, port, "127.0.0.1");
        for (;;) {
          const [from = "", back] = String((await once(socket, "message"))[0]).split(" ");
          if (back === text) return from;
        }
      } finally {
        clearInterval(again);
      }
    },
  };
}

/** One datagram from each of so many addresses. */
async function flood(port: number, from: number, amount: number): Promise<void> {
  for (let at = from; at < from + amount; at++) {
    const socket = await bind(`127.${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`);
    await new Promise((resolve) => socket.send("flood", port, "127.0.0.1", resolve));
    socket.close();
  }
}

async function readMetric(relay: RelayProgram, name: string): Promise<number> {
  const line = (await relay.metrics()).split("\n").find((one) => one.startsWith(name));
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ") + 1));
}

/** What the socket at a port has not been asked for yet (Linux, /proc/net/udp). */
function waitingBytes(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  const line = readFileSync("/proc/net/udp", "utf8")
    .split("\n")
    .find((one) => one.includes(local));
  const [, hex = ""] = /[0-9A-F]{8}:([0-9A-F]{8}) 00:/.exec(line ?? "") ?? [];
  return Number.parseInt(hex, 16);
}

const MIB = 1024 * 1024;

it("a flood from thousands of addresses displaces itself, and not a client that is there", async () => {
  const maxSessions = 500;
  const { relay, port } = await start("--max-udp-sessions", `${maxSessions}`);
  const client = await startClient(port);
  const upstream = await client.ask("first");
  expect(await client.ask("second")).toBe(upstream);
  await flood(port, 0, maxSessions);
  const before = await readMetric(relay, "process_resident_memory_bytes");
  for (let batch = 1; batch <= 8; batch++) {
    await flood(port, batch * maxSessions, maxSessions);
    // Its session is the one that it had: the Pod is asked by the same socket.
    expect(await client.ask(`batch-${batch}`)).toBe(upstream);
    expect(await readMetric(relay, "sluice_udp_open_sessions{")).toBeLessThanOrEqual(maxSessions);
  }
  // Another is answered as well, in the middle of it.
  await (await startClient(port)).ask("new");
  const sessions = await readMetric(relay, "sluice_udp_sessions_total{");
  expect(sessions).toBeGreaterThan(3 * maxSessions);
  expect(sessions).toBeLessThanOrEqual(9 * maxSessions + 2);
  expect(await readMetric(relay, "sluice_udp_dropped_datagrams_total{")).toBe(0);
  const grown = (await readMetric(relay, "process_resident_memory_bytes")) - before;
  expect(grown).toBeLessThan(64 * MIB);
}, 30_000);

it("a relay without files left serves by those that it has, counts what it drops, and goes on", async () => {
  const { relay, port } = await start();
  const client = await startClient(port);
  const setFiles = (files: number): void => {
    expect(spawnSync("prlimit", [`--pid=${relay.child.pid}`, `--nofile=${files}:`]).status).toBe(0);
  };
  const files = readdirSync(`/proc/${relay.child.pid}/fd`).map(Number);
  const lowestFree = Array.from({ length: files.length + 1 }, (_, file) => file).find((file) => !files.includes(file));
  setFiles(lowestFree ?? 0);
  await new Promise((resolve) => client.socket.send("lost", port, "127.0.0.1", resolve));
  await expect.poll(() => waitingBytes(port), soon).toBe(0);
  setFiles((lowestFree ?? 0) + 20);
  const dropped = 'sluice_udp_dropped_datagrams_total{entrypoint="dns",reason="no-socket"}';
  expect(await readMetric(relay, dropped)).toBe(1);
  await client.ask("first");
  const upstream = await client.ask("second");
  await flood(port, 0, 200);
  expect(await client.ask("after")).toBe(upstream);
  expect(await readMetric(relay, dropped)).toBe(1);
  expect(await readMetric(relay, "sluice_udp_open_sessions{")).toBeLessThan(30);
}, 30_000);
