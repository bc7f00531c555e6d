import type { ConnectionEnd } from "../tcp/carry-connection.ts";
import type { RefusedConnection, RoutedConnection } from "../tcp/tcp-listener.ts";
import type { DroppedDatagram, UdpSessionEnd } from "../udp/udp-listener.ts";

/** Is told what becomes of connections and datagrams, for metrics and logs. */
export interface StreamObserver {
  /** Its route is known; `connectionEnded` follows once. */
  connectionRouted(entryPoint: string, connection: RoutedConnection): void;
  connectionEnded(end: ConnectionEnd): void;
  /** Closed before a route was found. */
  connectionRefused(entryPoint: string, reason: RefusedConnection, clientAddress: string): void;
  sessionEnded(end: UdpSessionEnd): void;
  datagramDropped(entryPoint: string, reason: DroppedDatagram): void;
}
