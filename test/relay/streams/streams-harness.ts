import { createSocket } from "node:dgram";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import type { ListenerStatus } from "../../../relay/streams/listener-set.ts";
import { type Streams, type StreamsOptions, startStreams } from "../../../relay/streams/start-streams.ts";
import type { StreamObserver } from "../../../relay/streams/stream-observer.ts";
import { defaultStreamSettings } from "../../../relay/streams/stream-settings.ts";
import type { ConnectionEnd } from "../../../relay/tcp/carry-connection.ts";
import type { StreamTable } from "../../../relay/tcp/stream-table.ts";
import type { UdpSessionEnd } from "../../../relay/udp/udp-listener.ts";
import { emptyTable } from "../../../src/table/empty-table.ts";
import type { RelayEntryPoint } from "../../../src/table/entry-point.ts";
import type { Table } from "../../../src/table/table.ts";
import { open, router, service } from "../tcp/tcp-harness.ts";

const closers: (() => unknown)[] = [];
export const closeStreams = async (): Promise<void> => {
  for (const closer of closers.splice(0).reverse()) await closer();
};

/** For what comes at once on a machine that has nothing else to do. */
export const soon = { timeout: 10_000 };

export const tcpAt = (port = 0): RelayEntryPoint => ({ protocol: "tcp", host: "127.0.0.1", port });
export const udpAt = (port = 0): RelayEntryPoint => ({ protocol: "udp", host: "127.0.0.1", port });

export const tableOf = (...parts: Partial<Table>[]): Table => Object.assign(emptyTable(), ...parts);

/** A table with one TCP entry point `tcp`, whose connections all go to these ports of the loopback. */
export const carryTo = (ports: readonly number[], entryPoint = tcpAt()): Table =>
  tableOf({ relayEntryPoints: { tcp: entryPoint }, tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", ports));

/** A table with one UDP entry point `dns`. */
export const datagramsTo = (ports: readonly number[], entryPoint = udpAt()): Table =>
  tableOf({
    relayEntryPoints: { dns: entryPoint },
    udpRouters: [{ name: "dns", entryPoints: ["dns"], tieBreaker: "a", service: "dns" }],
    udpServices: { dns: { type: "loadBalancer", endpoints: "dns" } },
    relayEndpoints: { dns: { endpoints: ports.map((port) => ({ address: "127.0.0.1", port, state: "ready" })) } },
  });

interface Observed extends StreamObserver {
  ends: ConnectionEnd[];
  refusals: string[];
  sessions: UdpSessionEnd[];
  drops: string[];
}

function observe(): Observed {
  const observed: Pick<Observed, "ends" | "refusals" | "sessions" | "drops"> = {
    ends: [],
    refusals: [],
    sessions: [],
    drops: [],
  };
  return {
    ...observed,
    connectionRouted: () => {},
    connectionEnded: (end) => void observed.ends.push(end),
    connectionRefused: (_, reason) => void observed.refusals.push(reason),
    sessionEnded: (end) => void observed.sessions.push(end),
    datagramDropped: (_, reason) => void observed.drops.push(reason),
  };
}

export interface TestStreams extends Streams {
  observed: Observed;
  status(name: string): ListenerStatus;
  /** Where an entry point listens; fails when it does not. */
  port(name: string): number;
}

export async function runStreams(table: StreamTable, options: Partial<StreamsOptions> = {}): Promise<TestStreams> {
  const observed = observe();
  const streams = startStreams({
    table,
    settings: { ...defaultStreamSettings, serverFirstWaitMs: 50 },
    observer: observed,
    random: () => 0,
    now: () => performance.now(),
    log: () => {},
    pauseMs: { first: 1, longest: 10 },
    ...options,
  });
  closers.push(() => streams.close());
  await streams.settled();
  const status = (name: string): ListenerStatus => {
    const found = streams.listeners().find((listener) => listener.name === name);
    if (found === undefined) throw new Error(`${name} is not wanted`);
    return found;
  };
  return {
    ...streams,
    observed,
    status,
    port(name) {
      const { address, reason } = status(name);
      if (address === undefined) throw new Error(`${name} does not listen: ${reason}`);
      return address.port;
    },
  };
}

/** A Pod that answers each datagram with its name before it. */
export async function startUdpPod(name: string): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  closers.push(() => socket.close());
  socket.on("message", (datagram, client) => socket.send(`${name}:${datagram}`, client.port, client.address));
  return socket.address().port;
}

/** Sends a datagram and gives the answer. */
export async function askUdp(port: number, text: string): Promise<string> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const answer = once(socket, "message");
  socket.send(text, port, "127.0.0.1");
  const [datagram] = await answer;
  socket.close();
  return String(datagram);
}

/** Whether nobody accepts at a port. */
export async function refuses(port: number): Promise<boolean> {
  const socket = await open(port);
  const { destroyed } = socket;
  socket.destroy();
  return destroyed;
}
