import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TLSSocket,
} from "node:tls";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { type ConnectionEnd, carryConnection } from "../../../relay/tcp/carry-connection.ts";
import { type CarrierOptions, createCarrier } from "../../../relay/tcp/create-carrier.ts";
import type { StreamTable } from "../../../relay/tcp/stream-table.ts";
import { type RefusedConnection, startTcpListener, type TcpListenerOptions } from "../../../relay/tcp/tcp-listener.ts";
import { parseTcpRule } from "../../../src/rule/parse-tcp-rule.ts";
import { emptyTable } from "../../../src/table/empty-table.ts";
import type { TcpLoadBalancer, TcpRouter } from "../../../src/table/tcp.ts";
import type { Certificate } from "../../../src/table/tls.ts";

const closers: (() => unknown)[] = [];
export const closeAll = async (): Promise<void> => {
  for (const closer of closers.splice(0).reverse()) await closer();
};

/** A Pod: what it does with each connection is up to the test. */
export async function startPod(serve: (socket: Socket) => void, host = "127.0.0.1"): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    serve(socket);
  }).listen(0, host);
  await once(server, "listening");
  closers.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return portOf(server);
}

export async function startTlsPod(certificate: Certificate, serve: (socket: TLSSocket) => void): Promise<number> {
  const server = createTlsServer(
    { cert: certificate.certificate, key: certificate.key, ALPNProtocols: ["h2", "echo"] },
    serve,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  return portOf(server);
}

const portOf = (server: { address(): unknown }): number => (server.address() as { port: number }).port;

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

export async function certificateFor(...hosts: string[]): Promise<Certificate> {
  const { cert, key } = await makeCertificate(hosts, Date.now());
  return { certificate: cert, key };
}

export function router(ruleText: string, service: string, options: Partial<TcpRouter> = {}): TcpRouter {
  const parsed = parseTcpRule(ruleText, "v3");
  if ("error" in parsed) throw new Error(parsed.error.message);
  const { rule } = parsed;
  const priority = rule.type === "any" ? -1 : ruleText.length;
  const name = `${ruleText} ${service}`;
  return {
    name,
    entryPoints: ["tcp"],
    rule,
    ruleText,
    priority,
    tieBreaker: name,
    middlewares: [],
    service,
    ...options,
  };
}

/** A service with endpoints on these ports of the loopback. */
export function service(
  name: string,
  ports: readonly number[],
  options: Partial<TcpLoadBalancer> = {},
): Partial<StreamTable> {
  const endpoints = ports.map((port) => ({ address: "127.0.0.1", port, state: "ready" as const }));
  return {
    tcpServices: { [name]: { type: "loadBalancer", endpoints: name, ...options } },
    relayEndpoints: { [name]: { endpoints } },
  };
}

export interface Relay {
  port: number;
  ends: ConnectionEnd[];
  refusals: RefusedConnection[];
  logs: string[];
  /** Puts another table in place. */
  serve(...parts: Partial<StreamTable>[]): void;
}

function joinTables(parts: readonly Partial<StreamTable>[]): StreamTable {
  return parts.reduce<StreamTable>(
    (table, part) => ({
      relayEntryPoints: { ...table.relayEntryPoints, ...part.relayEntryPoints },
      tcpRouters: [...table.tcpRouters, ...(part.tcpRouters ?? [])],
      udpRouters: [...table.udpRouters, ...(part.udpRouters ?? [])],
      tcpServices: { ...table.tcpServices, ...part.tcpServices },
      tcpMiddlewares: { ...table.tcpMiddlewares, ...part.tcpMiddlewares },
      udpServices: { ...table.udpServices, ...part.udpServices },
      relayEndpoints: { ...table.relayEndpoints, ...part.relayEndpoints },
      serversTransports: { ...table.serversTransports, ...part.serversTransports },
      tlsOptions: { ...table.tlsOptions, ...part.tlsOptions },
      certificates: { ...table.certificates, ...part.certificates },
    }),
    emptyTable(),
  );
}

export async function startRelay(
  parts: readonly Partial<StreamTable>[],
  options: Partial<TcpListenerOptions> = {},
  carrierOptions: Pick<CarrierOptions, "spiffe"> = {},
): Promise<Relay> {
  let table = joinTables(parts);
  const ends: ConnectionEnd[] = [];
  const refusals: RefusedConnection[] = [];
  const logs: string[] = [];
  const carrier = createCarrier({
    table: () => table,
    handshakeTimeoutMs: 2_000,
    random: () => 0,
    now: () => performance.now(),
    log: (message, reason) => logs.push(`${message}: ${reason}`),
    ended: (end) => ends.push(end),
    ...carrierOptions,
  });
  const listener = await startTcpListener({
    entryPoint: "tcp",
    listen: { host: "127.0.0.1", port: 0 },
    table: () => table,
    serverFirstWaitMs: 100,
    helloTimeoutMs: 2_000,
    maxConnections: 1_000,
    carry: (connection) => void carryConnection(connection, "tcp", carrier),
    refused: (reason) => refusals.push(reason),
    log: (message, error) => {
      throw new Error(message, { cause: error });
    },
    ...options,
  });
  closers.push(() => listener.close());
  return {
    port: listener.address.port,
    ends,
    refusals,
    logs,
    serve(...next) {
      table = joinTables(next);
    },
  };
}

export async function open(port: number, host = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  socket.on("error", () => {});
  closers.push(() => socket.destroy());
  await once(socket, "connect").catch(() => undefined);
  return socket;
}

export async function openTls(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  closers.push(() => socket.destroy());
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  return socket;
}

/** What a connection is sent until it has this much, or ends. */
export async function read(socket: Socket, bytes = Number.POSITIVE_INFINITY): Promise<string> {
  let text = "";
  while (text.length < bytes) {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) text += chunk.toString("latin1");
    else if (socket.readableEnded || socket.destroyed) break;
    else await next(socket);
  }
  return text;
}

/** Bytes, the end, or an error. */
function next(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const events = ["readable", "end", "close"] as const;
    const done = (): void => {
      for (const event of events) socket.off(event, done);
      resolve();
    };
    for (const event of events) socket.on(event, done);
  });
}

/** Resolves when the other side will send no more; tells whether by a reset. */
export function ending(socket: Socket): Promise<"end" | "reset"> {
  return new Promise((resolve) => {
    socket.once("end", () => resolve("end"));
    socket.once("error", () => resolve("reset"));
    socket.resume();
  });
}

/** Sends, ends its side, and gives all that comes back. */
export async function exchange(port: number, text: string, host?: string): Promise<string> {
  const socket = await open(port, host);
  socket.end(text);
  return read(socket);
}

export const echo = (name: string) => (socket: Socket) => {
  socket.write(`${name}:`);
  socket.pipe(socket);
};
