import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { UdpRouter } from "../../src/table/tcp.ts";
import type { Target } from "../origin-gateway/target.ts";
import type { ChoiceState } from "../tcp/choose-targets.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import { chooseUdpTarget, isStillServed } from "./choose-udp-target.ts";
import { datagramHandlesWork } from "./datagram-handles-work.ts";
import type { DatagramPeer } from "./datagrams.ts";
import { lookup, openUpstream, type Upstream } from "./open-upstream.ts";
import { type KeptSession, UdpSessions } from "./udp-sessions.ts";
import { type SendDatagram, useDatagrams } from "./use-datagrams.ts";

/** A session that has ended, or as it is so far, for logs and metrics. */
export interface UdpSessionEnd {
  entryPoint: string;
  router: string;
  service: string;
  clientAddress: string;
  target: string;
  bytesIn: number;
  bytesOut: number;
  datagramsIn: number;
  datagramsOut: number;
}

/**
 * Why a datagram goes no further. `stopping`: it would have begun a session. `no-socket`: so it would, and the system has
 * no more sockets. `not-sent`: the system did not take it, or too much waits for that already.
 */
export type DroppedDatagram = "no-route" | "no-endpoint" | "stopping" | "no-socket" | "not-sent";

export interface UdpListenerOptions {
  entryPoint: string;
  /** `reusePort`: other processes listen there too, and the system shares clients out among them. */
  listen: { host: string; port: number; reusePort?: boolean };
  /** For each datagram anew. */
  table: () => StreamTable;
  state: Pick<ChoiceState, "balance">;
  idleTimeoutMs: number;
  maxSessions: number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  ended: (end: UdpSessionEnd) => void;
  dropped: (reason: DroppedDatagram) => void;
  /** Whether by Node's handles; else they are where they work. */
  isDirect?: boolean;
}

export interface UdpListener {
  readonly address: { address: string; port: number };
  readonly sessions: number;
  /** Those that are open. */
  open(): Iterable<Readonly<UdpSessionEnd>>;
  /** Begins no more sessions; those that are open go on. */
  stop(): void;
  close(): Promise<void>;
}

interface Session extends UdpSessionEnd {
  client: DatagramPeer;
  upstream: Upstream;
  chosen: Target;
  /** The table by which the target was last found to be served. */
  seenIn: StreamTable;
}

/** Room for bursts while the event loop is busy; the system may allow less. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Opens a UDP entry point. Each client's datagrams go to one endpoint, by a socket of its own, so that the answers
 * find their way back; when the endpoint leaves the table, the next datagram goes to another. Rejects when it cannot
 * listen.
 */
export async function startUdpListener(options: UdpListenerOptions): Promise<UdpListener> {
  const { entryPoint, listen, table, state, dropped, ended, idleTimeoutMs } = options;
  const { isDirect = await datagramHandlesWork() } = options;
  const server = createSocket({
    type: isIPv6(listen.host) ? "udp6" : "udp4",
    recvBufferSize: BUFFER_BYTES,
    lookup,
    reusePort: listen.reusePort ?? false,
  });
  /** The session last used of each port of clients: its number is found faster than the text of an address is made. */
  const byPort = new Map<number, KeptSession<Session>>();
  const find = (client: DatagramPeer): KeptSession<Session> | undefined => {
    const last = byPort.get(client.port);
    if (last?.value.client.address === client.address) return last;
    const found = sessions.find(keyOf(client));
    if (found !== undefined) byPort.set(client.port, found);
    return found;
  };
  const sessions = new UdpSessions<Session>({
    idleTimeoutMs,
    maxSessions: options.maxSessions,
    now: options.now,
    ended({ client, upstream, chosen: _, seenIn: __, ...end }) {
      if (byPort.get(client.port)?.value.client === client) byPort.delete(client.port);
      upstream.close();
      ended(end);
    },
  });
  let send: SendDatagram = () => false;
  let isStopping = false;
  let routed: { routers?: readonly UdpRouter[]; router: UdpRouter | undefined } = { router: undefined };
  let expiry: NodeJS.Timeout | undefined;
  const expireLater = (delay: number): void => {
    expiry ??= setTimeout(() => {
      expiry = undefined;
      const next = sessions.expire();
      if (next !== undefined) expireLater(next);
    }, delay).unref();
  };

  const begin = (
    router: UdpRouter,
    current: StreamTable,
    client: DatagramPeer,
    chosen: Target,
  ): KeptSession<Session> | undefined => {
    const upstream = openUpstream(chosen, {
      take(datagram) {
        sessions.answer(kept);
        session.datagramsOut += 1;
        session.bytesOut += datagram.length;
        if (!send(datagram, client)) dropped("not-sent");
      },
      failed(waiting) {
        for (let left = waiting; left > 0; left--) dropped("no-endpoint");
        sessions.end(kept);
      },
      isDirect,
    });
    if (upstream === undefined) return undefined;
    const session: Session = {
      client,
      entryPoint,
      router: router.name,
      service: router.service,
      clientAddress: client.address.replace(/^::ffff:(?=\d+\.)/i, ""),
      target: chosen.authority,
      bytesIn: 0,
      bytesOut: 0,
      datagramsIn: 0,
      datagramsOut: 0,
      upstream,
      chosen,
      seenIn: current,
    };
    const kept = sessions.begin(keyOf(client), session);
    expireLater(idleTimeoutMs);
    return kept;
  };

  /** @returns why it goes no further */
  const carry = (datagram: Buffer, client: DatagramPeer): DroppedDatagram | undefined => {
    const current = table();
    if (current.udpRouters !== routed.routers) {
      routed = { routers: current.udpRouters, router: routerOf(current.udpRouters, entryPoint) };
    }
    const { router } = routed;
    if (router === undefined) return "no-route";
    let kept = find(client);
    if (kept !== undefined && !isServed(kept.value, router, current)) {
      sessions.end(kept);
      kept = undefined;
    }
    if (kept !== undefined) sessions.hear(kept);
    else {
      if (isStopping) return "stopping";
      const chosen = chooseUdpTarget(router.service, current, state);
      if (chosen === undefined) return "no-endpoint";
      kept = begin(router, current, client, chosen);
      if (kept === undefined && sessions.makeRoom()) kept = begin(router, current, client, chosen);
      if (kept === undefined) return "no-socket";
    }
    const session = kept.value;
    session.seenIn = current;
    session.datagramsIn += 1;
    session.bytesIn += datagram.length;
    return session.upstream.send(datagram) ? undefined : "not-sent";
  };
  const take = (datagram: Buffer, client: DatagramPeer): void => {
    const reason = carry(datagram, client);
    if (reason !== undefined) dropped(reason);
  };
  server.on("error", () => {});
  const listening = once(server, "listening");
  server.bind(listen.port, listen.host);
  await listening;
  send = useDatagrams(server, take, isDirect);
  const { address, port } = server.address();
  return {
    address: { address, port },
    get sessions() {
      return sessions.size;
    },
    open: () => sessions.values(),
    stop() {
      isStopping = true;
    },
    async close() {
      clearTimeout(expiry);
      sessions.endAll();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

const isServed = ({ seenIn, service, chosen }: Session, router: UdpRouter, current: StreamTable): boolean =>
  seenIn === current || (service === router.service && isStillServed(service, chosen, current));

const keyOf = ({ address, port }: DatagramPeer): string => `${address} ${port}`;

/** UDP has no rules: of several routers on an entry point the smallest tie-breaker has it. */
function routerOf(routers: readonly UdpRouter[], entryPoint: string): UdpRouter | undefined {
  const own = routers.filter((router) => router.entryPoints.includes(entryPoint));
  return own.sort((a, b) => (a.tieBreaker < b.tieBreaker ? -1 : 1))[0];
}
