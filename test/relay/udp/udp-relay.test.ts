import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StreamTable } from "../../../relay/tcp/stream-table.ts";
import { startUdpListener, type UdpListenerOptions, type UdpSessionEnd } from "../../../relay/udp/udp-listener.ts";
import { createBalanceState } from "../../../src/balance/balance-state.ts";
import { emptyTable } from "../../../src/table/empty-table.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
});

async function bind(): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  closers.push(() => socket.close());
  return socket;
}

/** A Pod that answers each datagram with its name before it. */
async function startPod(name: string): Promise<number> {
  const socket = await bind();
  socket.on("message", (datagram, client) => socket.send(`${name}:${datagram}`, client.port, client.address));
  return socket.address().port;
}

function tableOf(services: Record<string, number[]>, weights?: Record<string, number>): StreamTable {
  const children = Object.entries(weights ?? {}).map(([service, weight]) => ({ service, weight }));
  const loadBalancers = Object.keys(services).map((name) => [name, { type: "loadBalancer", endpoints: name }] as const);
  return {
    ...emptyTable(),
    udpRouters: [
      { name: "dns", entryPoints: ["dns"], tieBreaker: "a", service: weights === undefined ? "dns" : "split" },
    ],
    udpServices: { ...Object.fromEntries(loadBalancers), split: { type: "weighted", children } },
    relayEndpoints: Object.fromEntries(
      Object.entries(services).map(([name, ports]) => [
        name,
        { endpoints: ports.map((port) => ({ address: "127.0.0.1", port, state: "ready" as const })) },
      ]),
    ),
  };
}

/** Of the two ways of datagrams: that of the handles, and that of Node's documented sockets. */
let isDirect = true;

async function startRelay(table: StreamTable, options: Partial<UdpListenerOptions> = {}) {
  let current = table;
  let time = 0;
  const ends: UdpSessionEnd[] = [];
  const drops: string[] = [];
  const listener = await startUdpListener({
    entryPoint: "dns",
    listen: { host: "127.0.0.1", port: 0 },
    table: () => current,
    state: { balance: createBalanceState({ random: () => 0 }) },
    idleTimeoutMs: 3_000,
    maxSessions: 100,
    now: () => time,
    ended: (end) => ends.push(end),
    dropped: (reason) => drops.push(reason),
    isDirect,
    ...options,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= listener.close();
    return closing;
  };
  closers.push(close);
  return {
    listener,
    close,
    ends,
    drops,
    serve: (next: StreamTable) => (current = next),
    wait: (ms: number) => (time += ms),
    port: listener.address.port,
  };
}

async function ask(client: Socket, port: number, text: string): Promise<string> {
  const answer = once(client, "message");
  client.send(text, port, "127.0.0.1");
  return String((await answer)[0]);
}

describe.each([
  ["by handles", true],
  ["by events", false],
])("datagrams %s", (_, way) => {
  beforeEach(() => {
    isDirect = way;
  });

  it("reach an endpoint, and its answers come back", async () => {
    const relay = await startRelay(tableOf({ dns: [await startPod("a")] }));
    expect(await ask(await bind(), relay.port, "who")).toBe("a:who");
  });

  it("of one client go to one endpoint, those of others to others", async () => {
    const relay = await startRelay(tableOf({ dns: [await startPod("a"), await startPod("b")] }));
    const [first, second] = [await bind(), await bind()];
    const names = new Set<string>();
    for (const client of [first, second]) {
      const name = await ask(client, relay.port, "1");
      names.add(name);
      expect(await ask(client, relay.port, "1")).toBe(name);
    }
    expect([...names].sort()).toEqual(["a:1", "b:1"]);
    expect(relay.listener.sessions).toBe(2);
  });

  it("are shared by weight, and a weight of 0 gets none", async () => {
    const relay = await startRelay(
      tableOf({ a: [await startPod("a")], b: [await startPod("b")], c: [await startPod("c")] }, { a: 3, b: 1, c: 0 }),
    );
    const answers: string[] = [];
    for (let turn = 0; turn < 8; turn++) answers.push(await ask(await bind(), relay.port, ""));
    expect(answers.sort()).toEqual(["a:", "a:", "a:", "a:", "a:", "a:", "b:", "b:"]);
  });

  it("go to another endpoint when theirs has left the table", async () => {
    const [a, b] = [await startPod("a"), await startPod("b")];
    const relay = await startRelay(tableOf({ dns: [a] }));
    const client = await bind();
    expect(await ask(client, relay.port, "1")).toBe("a:1");
    relay.serve(tableOf({ dns: [a, b] }));
    expect(await ask(client, relay.port, "2")).toBe("a:2");
    relay.serve(tableOf({ dns: [b] }));
    expect(await ask(client, relay.port, "3")).toBe("b:3");
    expect(relay.ends).toMatchObject([
      { target: `127.0.0.1:${a}`, datagramsIn: 2, datagramsOut: 2, bytesIn: 2, bytesOut: 6 },
    ]);
  });

  it("end with their listener, and each session is told of", async () => {
    const relay = await startRelay(tableOf({ dns: [await startPod("a")] }));
    for (const text of ["1", "2"]) await ask(await bind(), relay.port, text);
    await relay.close();
    expect(relay.listener.sessions).toBe(0);
    expect(relay.ends.map(({ datagramsIn, datagramsOut }) => [datagramsIn, datagramsOut])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it("that nobody takes are counted", async () => {
    const relay = await startRelay(tableOf({ dns: [] }));
    const client = await bind();
    client.send("x", relay.port, "127.0.0.1");
    await expect.poll(() => relay.drops).toEqual(["no-endpoint"]);
    relay.serve(emptyTable());
    client.send("x", relay.port, "127.0.0.1");
    await expect.poll(() => relay.drops).toEqual(["no-endpoint", "no-route"]);
  });

  it("to a port where nobody listens any more are lost, and the session goes on", async () => {
    const pod = createSocket("udp4").bind(0, "127.0.0.1");
    await once(pod, "listening");
    const { port } = pod.address();
    const relay = await startRelay(tableOf({ dns: [port] }));
    const client = await bind();
    client.send("heard", relay.port, "127.0.0.1");
    await once(pod, "message");
    const gone = once(pod, "close");
    pod.close();
    await gone;
    client.send("lost", relay.port, "127.0.0.1");
    const back = createSocket("udp4").bind(port, "127.0.0.1");
    closers.push(() => back.close());
    await once(back, "listening");
    const heard = once(back, "message");
    client.send("heard again", relay.port, "127.0.0.1");
    expect(String((await heard)[0])).toMatch(/^(lost|heard again)$/);
    expect(relay.ends).toEqual([]);
  });

  it("of at most so many clients are answered at one time", async () => {
    const relay = await startRelay(tableOf({ dns: [await startPod("a")] }), { maxSessions: 2 });
    for (let turn = 0; turn < 5; turn++) await ask(await bind(), relay.port, "x");
    expect(relay.listener.sessions).toBe(2);
    expect(relay.ends).toHaveLength(3);
  });
});

it("a listener that cannot listen says so", async () => {
  const taken = await bind();
  const { port } = taken.address();
  await expect(startRelay(tableOf({}), { listen: { host: "127.0.0.1", port } })).rejects.toThrow(/EADDRINUSE/);
});
