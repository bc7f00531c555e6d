import { compileAddressBlock } from "../../src/rule/client-address.ts";
import type { RelayEntryPoint } from "../../src/table/entry-point.ts";
import { type Carrier, carryConnection } from "../tcp/carry-connection.ts";
import type { Companion } from "../tcp/companion.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import { type RoutedConnection, startTcpListener } from "../tcp/tcp-listener.ts";
import { startUdpListener } from "../udp/udp-listener.ts";
import type { OpenListener } from "./listener-set.ts";
import type { StreamObserver } from "./stream-observer.ts";
import type { StreamSettings } from "./stream-settings.ts";
import type { WantedListener } from "./wanted-listeners.ts";

export interface OpenOptions {
  table: () => StreamTable;
  carrier: Carrier;
  settings: StreamSettings;
  observer: StreamObserver;
  companion?: ((entryPoint: string) => Companion | undefined) | undefined;
  log: (message: string, error: unknown) => void;
}

/** Listens at an entry point, at every address of the machine when its host is empty. Rejects when it cannot. */
export async function openListener(name: string, wanted: WantedListener, options: OpenOptions): Promise<OpenListener> {
  const { host, port } = wanted;
  const open = wanted.protocol === "tcp" ? openTcp : openUdp;
  const at = (address: string): Promise<OpenListener> =>
    open(name, wanted, { host: address, port, reusePort: options.settings.sharesPorts }, options);
  if (host !== "") return at(host);
  return at("::").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EAFNOSUPPORT" && error.code !== "EADDRNOTAVAIL") throw error;
    return at("0.0.0.0");
  });
}

/**
 * Turns of the event loop, each of which accepts one connection, before a listener stops: whoever is connected and not
 * yet accepted would be reset. They take a millisecond when nobody is.
 */
const LAST_TURNS = 1_024;

type Open = (
  name: string,
  wanted: WantedListener,
  listen: { host: string; port: number; reusePort: boolean },
  options: OpenOptions,
) => Promise<OpenListener>;

const openTcp: Open = async (entryPoint, _, listen, options) => {
  const { table, carrier, settings, observer, companion, log } = options;
  const carry = (connection: RoutedConnection): void => {
    observer.connectionRouted(entryPoint, connection);
    carryConnection(connection, entryPoint, carrier).catch((error: unknown) => {
      log("a connection could not be carried", error);
      connection.socket.destroy();
    });
  };
  const listener = await startTcpListener({
    entryPoint,
    listen,
    table,
    trustsProxy: (address) => trustsProxy(table().relayEntryPoints[entryPoint], address),
    serverFirstWaitMs: settings.serverFirstWaitMs,
    // Asked for each connection, so that a new table needs no new listener.
    get helloTimeoutMs() {
      return table().relayEntryPoints[entryPoint]?.readTimeoutMs || settings.helloTimeoutMs;
    },
    maxConnections: settings.maxConnections,
    ...(companion && { companion: () => companion(entryPoint) }),
    carry,
    refused: (reason, clientAddress) => observer.connectionRefused(entryPoint, reason, clientAddress),
    log,
  });
  return {
    address: listener.address,
    get load() {
      return listener.connections;
    },
    release: () => listener.stop(),
    async stop() {
      for (let turn = 0; turn < LAST_TURNS; turn++) await new Promise(setImmediate);
      listener.stop();
    },
    close: () => listener.close(),
  };
};

const openUdp: Open = async (entryPoint, { idleTimeoutMs }, listen, { table, carrier, settings, observer }) => {
  const listener = await startUdpListener({
    entryPoint,
    listen,
    table,
    state: carrier,
    idleTimeoutMs,
    maxSessions: settings.maxSessions,
    now: carrier.now,
    ended: (end) => observer.sessionEnded(end),
    dropped: (reason) => observer.datagramDropped(entryPoint, reason),
  });
  const close = memo(() => listener.close());
  return {
    address: listener.address,
    get load() {
      return listener.sessions;
    },
    sessions: () => listener.open(),
    // Without the port no answer could reach its client.
    release: () => void close(),
    stop: () => listener.stop(),
    close,
  };
};

function memo<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Blocks = readonly ((address: string) => boolean)[];

/** Made once for each list, which is never changed in place. */
const blocksOf = new WeakMap<readonly string[], Blocks>();

function trustsProxy(entryPoint: RelayEntryPoint | undefined, address: string): boolean {
  const { insecure, trustedIps } = entryPoint?.proxyProtocol ?? {};
  if (insecure) return true;
  if (trustedIps === undefined) return false;
  let blocks = blocksOf.get(trustedIps);
  if (blocks === undefined) {
    blocks = trustedIps.map(compileAddressBlock).filter((block) => block !== undefined);
    blocksOf.set(trustedIps, blocks);
  }
  return blocks.some((contains) => contains(address));
}
