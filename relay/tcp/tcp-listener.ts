import { createServer, type Server, type Socket } from "node:net";
import type { TcpRouter } from "../../src/table/tcp.ts";
import { type Companion, isCompanions } from "./companion.ts";
import { type ConnectionRoutes, createConnectionRoutes } from "./connection-routes.ts";
import { replaceByDirectSocket } from "./direct-read.ts";
import { type FoundRoute, findRoute } from "./find-route.ts";
import { acceptHandles } from "./handle/accept-handles.ts";
import type { HandleConnection } from "./handle/handle-connection.ts";
import { handlesWork } from "./handle/handles-work.ts";
import { keepAliveLater } from "./keep-alive.ts";
import { peek } from "./peek.ts";
import { type Peer, type ProxiedConnection, readProxyHeader } from "./proxy-header.ts";
import type { StreamTable } from "./stream-table.ts";

/** A connection whose route was found. */
export interface RoutedConnection {
  /** Nothing was read of a handle, and only `splice` reads it. */
  socket: Socket | HandleConnection;
  /** The client's address, as a trusted PROXY header has it. */
  ends: ProxiedConnection;
  route: Extract<FoundRoute, { outcome: "found" }>;
  table: StreamTable;
  /** Whether it may be carried by handles, also where it came as a socket. */
  mayUseHandles: boolean;
}

/** Why a connection was closed before it reached an endpoint; counted by entry point. */
export type RefusedConnection = Exclude<FoundRoute["outcome"], "found"> | "malformed-proxy-header" | "too-many";

export interface TcpListenerOptions {
  entryPoint: string;
  /** `reusePort`: other processes listen there too, and the system shares connections out among them. */
  listen: { host: string; port: number; reusePort?: boolean };
  /** For each connection anew. */
  table: () => StreamTable;
  /** Whose PROXY headers are believed; nobody's by default. */
  trustsProxy?: (address: string) => boolean;
  serverFirstWaitMs: number;
  helloTimeoutMs: number;
  maxConnections: number;
  /** Whether connections are taken and carried as handles where that can be done; where it works by default. */
  usesHandles?: boolean;
  /** Asked for each connection anew. */
  companion?: () => Companion | undefined;
  /** Takes over a connection. */
  carry: (connection: RoutedConnection) => void;
  refused: (reason: RefusedConnection, clientAddress: string) => void;
  log: (message: string, error: unknown) => void;
}

export interface TcpListener {
  readonly address: Peer;
  /** Those that are open, found a route or not. */
  readonly connections: number;
  /** Stops accepting; what is open stays. */
  stop(): void;
  /** Ends what is still open. */
  close(): Promise<void>;
}

/** Opens a TCP entry point. Rejects when it cannot listen. */
export async function startTcpListener(options: TcpListenerOptions): Promise<TcpListener> {
  const { entryPoint, listen, maxConnections, refused, log } = options;
  const { usesHandles = await handlesWork() } = options;
  const open = new Set<Socket | HandleConnection>();
  const routesOf = routesByTable(entryPoint);

  const isTooMany = (address: string): boolean => {
    if (open.size < maxConnections) return false;
    refused("too-many", withoutMapping(address));
    return true;
  };
  const keep = (socket: Socket | HandleConnection): void => {
    open.add(socket);
    keepAliveLater(socket);
    socket.once("close", () => open.delete(socket));
  };
  const fail = (socket: Socket | HandleConnection, error: unknown): void => {
    log("a connection could not be carried", error);
    socket.destroy();
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (accepted) => {
    if (isTooMany(accepted.remoteAddress ?? "")) {
      accepted.resetAndDestroy();
      return;
    }
    const known = findAtOnce(endsOf(accepted), routesOf, options);
    const socket = (known && replaceByDirectSocket(accepted)) ?? accepted;
    keep(socket);
    // A reset is the peer's business; without a listener it would be this process's.
    socket.on("error", () => {});
    if (known !== undefined) options.carry(routed(socket, known, usesHandles));
    else accept(socket, routesOf, options, usesHandles).catch((error: unknown) => fail(socket, error));
  });
  const take = (connection: HandleConnection): boolean => {
    const { remote } = connection;
    if (isTooMany(remote.address)) {
      connection.reset();
      return true;
    }
    try {
      const known = findAtOnce(endsOfHandle(connection, remote), routesOf, options);
      if (known === undefined) return false;
      keep(connection);
      options.carry(routed(connection, known, true));
    } catch (error) {
      fail(connection, error);
    }
    return true;
  };
  await listening(server, listen);
  // Such as too many files that are open: the next ones may find room.
  server.on("error", (error) => log("a connection could not be accepted", error));
  if (usesHandles) acceptHandles(server, take);
  const bound = server.address();
  const address =
    typeof bound === "object" && bound !== null ? { address: bound.address, port: bound.port } : undefined;
  return {
    address: address ?? { address: listen.host, port: listen.port },
    get connections() {
      return open.size;
    },
    stop: () => void server.close(),
    async close() {
      const stopped = new Promise((resolve) => server.close(resolve));
      // The server does not count those that were replaced.
      const closed = [...open].map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
      for (const socket of open) socket.destroy();
      await Promise.all([stopped, ...closed]);
    },
  };
}

type Known = Pick<RoutedConnection, "ends" | "route" | "table">;

const routed = (
  socket: RoutedConnection["socket"],
  { ends, route, table }: Known,
  mayUseHandles: boolean,
): RoutedConnection => ({ socket, ends, route, table, mayUseHandles });

/** What is known of a connection without reading from it; undefined when its first bytes count, or nobody takes it. */
function findAtOnce(
  ends: ProxiedConnection,
  routesOf: (table: StreamTable) => ConnectionRoutes,
  options: TcpListenerOptions,
): Known | undefined {
  const { address } = ends.source;
  const table = options.table();
  const routes = routesOf(table);
  if (routes.hasTls || options.companion?.()?.takesTls || options.trustsProxy?.(address)) return undefined;
  const router = routes.matchPlain(address);
  return router && { ends, table, route: { outcome: "found", router, isPostgres: false } };
}

async function accept(
  socket: Socket,
  routesOf: (table: StreamTable) => ConnectionRoutes,
  options: TcpListenerOptions,
  mayUseHandles: boolean,
): Promise<void> {
  const { helloTimeoutMs, serverFirstWaitMs, refused } = options;
  const ends = await findEnds(socket, options);
  if (ends === undefined) return;
  const table = options.table();
  const clientAddress = ends.source.address;
  const companion = options.companion?.();
  const route = await findRoute(socket, routesOf(table), {
    clientAddress,
    serverFirstWaitMs,
    helloTimeoutMs,
    looksForTls: companion?.takesTls ?? false,
  });
  if (companion !== undefined && isCompanions(route, socket, companion)) {
    companion.take(socket, ends, "hello" in route ? route.hello : undefined);
    return;
  }
  if (route.outcome === "found") {
    options.carry({ socket, ends, route, table, mayUseHandles });
    return;
  }
  refused(route.outcome, clientAddress);
  if (route.outcome === "no-route") socket.destroySoon();
  else socket.destroy();
}

/** Who is at the two ends; undefined when the connection was closed for a header that nobody could have meant. */
async function findEnds(
  socket: Socket,
  { trustsProxy, helloTimeoutMs, refused }: TcpListenerOptions,
): Promise<ProxiedConnection | undefined> {
  const own = endsOf(socket);
  const { source } = own;
  if (trustsProxy === undefined || !trustsProxy(source.address)) return own;
  const peeked = await peek(socket, helloTimeoutMs, (bytes) => {
    const value = readProxyHeader(bytes);
    if (value.state === "more") return undefined;
    return { value, take: "length" in value ? value.length : 0 };
  });
  if (peeked.outcome !== "read") return own;
  const { value } = peeked;
  if (value.state === "header") return value.connection;
  if (value.state !== "malformed") return own;
  refused("malformed-proxy-header", source.address);
  socket.destroy();
  return undefined;
}

function endsOf(socket: Socket): ProxiedConnection {
  const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = socket;
  return {
    source: { address: withoutMapping(remoteAddress), port: remotePort },
    destination: { address: withoutMapping(localAddress), port: localPort },
  };
}

/** What it costs to know is paid by those who ask. */
function endsOfHandle(connection: HandleConnection, { address, port }: Peer): ProxiedConnection {
  return {
    source: { address: withoutMapping(address), port },
    get destination() {
      const { local } = connection;
      return { address: withoutMapping(local.address), port: local.port };
    },
  };
}

/** IPv4 clients of a listener on `::`. */
const withoutMapping = (address: string): string =>
  address.startsWith("::") ? address.replace(/^::ffff:(?=\d+\.)/i, "") : address;

/** The routes of an entry point, made once for each list of routers. */
function routesByTable(entryPoint: string): (table: StreamTable) => ConnectionRoutes {
  const made = new WeakMap<readonly TcpRouter[], ConnectionRoutes>();
  return ({ tcpRouters }) => {
    let routes = made.get(tcpRouters);
    if (routes === undefined) {
      routes = createConnectionRoutes(tcpRouters, entryPoint);
      made.set(tcpRouters, routes);
    }
    return routes;
  };
}

function listening(server: Server, listen: TcpListenerOptions["listen"]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...listen, backlog: 4096 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
