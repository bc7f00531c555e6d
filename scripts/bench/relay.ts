import { type Child, startChild } from "./child.ts";
import { startCpuWatch } from "./cpu-time.ts";
import type { RelayOrder } from "./relay-child.ts";
import type { StreamLoad, UdpOrder } from "./relay-load.ts";
import { startHaproxy, startNginx } from "./relay-peers.ts";
import { type Spread, spreadOf } from "./spread.ts";

const WARM_UP_ROUNDS = 3;
const DATAGRAMS_PER_SECOND = 30_000;

/** Amounts of one round. */
export interface RelaySizes {
  rounds: number;
  bytes: number;
  exchanges: number;
  connections: number;
  datagrams: number;
}

/** CPU of the relay and of the program that it is compared with, in microseconds a unit. */
export interface Compared {
  relay: Spread;
  peer: Spread;
  /** Units per CPU second as a share of the peer's in the same round. */
  ratio: Spread;
}

interface UdpCompared extends Compared {
  /** Datagrams without an answer, of all rounds through the relay that count. */
  lost: number;
  sent: number;
  /** The same of the peer. */
  peerLost: number;
}

export interface RelayResults {
  bulk: Compared;
  pingpong: Compared;
  connect: Compared;
  udp: UdpCompared;
  /** MiB of a relay before it has connections, and with 10,000; by so many as the system lets it open. */
  idle: { before: number; after: number; connections: number };
}

/** The relay against HAProxy and nginx, in alternating rounds: the same clients, the same servers behind them. */
export async function measureRelay(sizes: RelaySizes): Promise<RelayResults> {
  const [server, load, relay] = (await Promise.all(
    ["./relay-server.ts", "./relay-load.ts", "./relay-child.ts"].map(startChild),
  )) as [Child, Child, Child];
  const closers: (() => unknown)[] = [server, load, relay].map((child) => () => child.close());
  try {
    const to: RelayOrder = { tcp: await server.call("tcp"), udp: await server.call("udp") };
    const ports = await relay.call<RelayOrder>("start", to);
    const pid = await relay.call<number>("pid");
    const haproxy = await startHaproxy(to.tcp);
    closers.push(haproxy.close);
    const nginx = await startNginx(to.udp);
    closers.push(nginx.close);

    const tcp = (task: string, amount: number): Promise<Compared> =>
      compare(sizes.rounds, amount, { port: ports.tcp, pid }, haproxy, (port) =>
        load.call(task, { port, amount } satisfies StreamLoad),
      );
    const losses = new Map<number, { sent: number; lost: number }>();
    const sendDatagrams = async (port: number, isWarm: boolean): Promise<void> => {
      const order: UdpOrder = { port, amount: sizes.datagrams, perSecond: DATAGRAMS_PER_SECOND };
      const { sent, received } = await load.call<{ sent: number; received: number }>("udp", order);
      if (!isWarm) return;
      const before = losses.get(port) ?? { sent: 0, lost: 0 };
      losses.set(port, { sent: before.sent + sent, lost: before.lost + sent - received });
    };
    const bulk = await tcp("bulk", sizes.bytes);
    const pingpong = await tcp("pingpong", sizes.exchanges);
    const connect = await tcp("connects", sizes.connections);
    const udp = await compare(sizes.rounds, sizes.datagrams, { port: ports.udp, pid }, nginx, sendDatagrams);
    const { sent = 0, lost = 0 } = losses.get(ports.udp) ?? {};
    return {
      bulk,
      pingpong,
      connect,
      udp: { ...udp, sent, lost, peerLost: losses.get(nginx.port)?.lost ?? 0 },
      idle: await measureIdle(to, load),
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

interface Measured {
  port: number;
  pid: number;
}

async function compare(
  rounds: number,
  amount: number,
  relay: Measured,
  peer: Measured,
  run: (port: number, isWarm: boolean) => Promise<unknown>,
): Promise<Compared> {
  const used = new Map<Measured, number[]>([relay, peer].map((one) => [one, []]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const one of round % 2 === 0 ? [relay, peer] : [peer, relay]) {
      const readCpu = startCpuWatch(one.pid);
      await run(one.port, round >= 0);
      const microseconds = readCpu() / amount;
      if (round >= 0) used.get(one)?.push(microseconds);
    }
  }
  const ours = used.get(relay) ?? [];
  const theirs = used.get(peer) ?? [];
  return {
    relay: spreadOf(ours),
    peer: spreadOf(theirs),
    ratio: spreadOf(ours.map((microseconds, at) => (theirs[at] ?? Number.NaN) / microseconds)),
  };
}

const IDLE_CONNECTIONS = 10_000;
/** Files that a relay has open besides its connections. */
const OTHER_FILES = 100;

/** In a relay of its own: what other rounds left behind does not count. */
async function measureIdle(to: RelayOrder, load: Child): Promise<RelayResults["idle"]> {
  const relay = await startChild("./relay-child.ts");
  try {
    const { tcp: port } = await relay.call<RelayOrder>("start", to);
    const before = await relay.call<number>("memory");
    // Each connection has two ends.
    const possible = Math.floor(((await relay.call<number>("files")) - OTHER_FILES) / 2);
    const connections = Math.min(IDLE_CONNECTIONS, possible);
    await load.call("idle", { port, amount: connections } satisfies StreamLoad);
    const after = await relay.call<number>("memory");
    const growth = ((after - before) * IDLE_CONNECTIONS) / connections;
    return { before, after: before + growth, connections };
  } finally {
    relay.close();
  }
}
