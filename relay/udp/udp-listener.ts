import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from "node:dgram";
import { lookup as lookupName } from "node:dns";
import { once } from "node:events";
import { isIP, isIPv6 } from "node:net";
import type { UdpRouter } from "../../src/table/tcp.ts";
import type { Target } from "../origin-gateway/target.ts";
import type { ChoiceState } from "../tcp/choose-targets.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import { chooseUdpTarget, isStillServed } from "./choose-udp-target.ts";
import { type KeptSession, UdpSessions } from "./udp-sessions.ts";

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

/** `stopping`: it would have begun a session. */
export type DroppedDatagram = "no-route" | "no-endpoint" | "stopping";

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
  /** A datagram that no route or no endpoint takes. */
  dropped: (reason: DroppedDatagram) => void;
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
  upstream: Socket;
  chosen: Target;
  /** The table by which the target was last found to be served. */
  seenIn: StreamTable;
}

/** Room for bursts while the event loop is busy; the system may allow less. */
const BUFFER_BYTES = 4 * 1024 * 1024;
/** The same for the answers to one client. */
const SESSION_BUFFER_BYTES = 1024 * 1024;

/**
 * Opens a UDP entry point. Each client's datagrams go to one endpoint, by a socket of its own, so that the answers
 * find their way back; when the endpoint leaves the table, the next datagram goes to another. Rejects when it cannot
 * listen.
 */
export async function startUdpListener(options: UdpListenerOptions): Promise<UdpListener> {
  const { entryPoint, listen, table, state, dropped, ended, idleTimeoutMs } = options;
  const server = createSocket({
    type: isIPv6(listen.host) ? "udp6" : "udp4",
    recvBufferSize: BUFFER_BYTES,
    lookup,
    reusePort: listen.reusePort ?? false,
  });
  const sessions = new UdpSessions<Session>({
    idleTimeoutMs,
    maxSessions: options.maxSessions,
    now: options.now,
    ended({ upstream, chosen: _, seenIn: __, ...end }) {
      upstream.close();
      ended(end);
    },
  });
  let isStopping = false;
  let expiry: NodeJS.Timeout | undefined;
  const expireLater = (delay: number): void => {
    expiry ??= setTimeout(() => {
      expiry = undefined;
      const next = sessions.expire();
      if (next !== undefined) expireLater(next);
    }, delay).unref();
  };

  const begin = (router: UdpRouter, current: StreamTable, client: RemoteInfo, chosen: Target): KeptSession<Session> => {
    const type = isIPv6(chosen.address) ? "udp6" : "udp4";
    const upstream = createSocket({ type, recvBufferSize: SESSION_BUFFER_BYTES, lookup });
    const session: Session = {
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
    upstream.connect(portOf(chosen), chosen.address);
    upstream.on("message", (datagram) => {
      sessions.touch(kept);
      session.datagramsOut += 1;
      session.bytesOut += datagram.length;
      server.send(datagram, client.port, client.address);
    });
    // A port that nobody listens on answers by ICMP: the datagram is lost, as UDP may, and the session goes on.
    upstream.on("error", () => {});
    const kept = sessions.begin(keyOf(client), session);
    expireLater(idleTimeoutMs);
    return kept;
  };

  server.on("message", (datagram, client) => {
    const current = table();
    const router = routerOf(current, entryPoint);
    if (router === undefined) return dropped("no-route");
    const known = sessions.find(keyOf(client));
    const isServed =
      known !== undefined &&
      (known.value.seenIn === current ||
        (known.value.service === router.service && isStillServed(router.service, known.value.chosen, current)));
    if (known !== undefined && !isServed) sessions.end(known);
    let kept = isServed ? known : undefined;
    if (kept === undefined) {
      if (isStopping) return dropped("stopping");
      const chosen = chooseUdpTarget(router.service, current, state);
      if (chosen === undefined) return dropped("no-endpoint");
      kept = begin(router, current, client, chosen);
    }
    const session = kept.value;
    session.seenIn = current;
    sessions.touch(kept);
    session.datagramsIn += 1;
    session.bytesIn += datagram.length;
    sendUp(session.upstream, datagram);
  });
  server.on("error", () => {});
  const listening = once(server, "listening");
  server.bind(listen.port, listen.host);
  await listening;
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

/** Addresses need no looking up, which would cost each datagram a turn of the event loop; an ExternalName's name does. */
const lookup: NonNullable<SocketOptions["lookup"]> = (name, options, done) => {
  const family = isIP(name);
  if (family === 0) lookupName(name, options, done);
  else done(null, name, family);
};

/** A socket connects in a moment: what comes before that waits for it. */
function sendUp(upstream: Socket, datagram: Buffer): void {
  try {
    upstream.send(datagram);
  } catch {
    upstream.once("connect", () => upstream.send(datagram));
  }
}

const keyOf = ({ address, port }: RemoteInfo): string => `${address} ${port}`;

const portOf = ({ authority }: Target): number => Number(authority.slice(authority.lastIndexOf(":") + 1));

const routers = new WeakMap<readonly UdpRouter[], Map<string, UdpRouter | undefined>>();

/** UDP has no rules: of several routers on an entry point the smallest tie-breaker has it. */
function routerOf({ udpRouters }: StreamTable, entryPoint: string): UdpRouter | undefined {
  let known = routers.get(udpRouters);
  if (known === undefined) {
    known = new Map();
    routers.set(udpRouters, known);
  }
  if (!known.has(entryPoint)) {
    const own = udpRouters.filter((router) => router.entryPoints.includes(entryPoint));
    known.set(entryPoint, own.sort((a, b) => (a.tieBreaker < b.tieBreaker ? -1 : 1))[0]);
  }
  return known.get(entryPoint);
}
