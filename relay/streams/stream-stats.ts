import type { MetricRegistry } from "../../operations/metric-registry.ts";
import type { RelayMetricName } from "../relay-metrics.ts";
import type { ConnectionEnd } from "../tcp/carry-connection.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import type { RefusedConnection, RoutedConnection } from "../tcp/tcp-listener.ts";
import type { DroppedDatagram, UdpSessionEnd } from "../udp/udp-listener.ts";
import { type Route, RouteTotals } from "./route-totals.ts";
import type { StreamObserver } from "./stream-observer.ts";

type Registry = Pick<MetricRegistry<RelayMetricName>, "observe" | "remove" | "replace">;
type Labels = Record<string, string>;
type Value = { value: number; labels: Labels };

/** Connections of one route. */
interface Connections {
  count: number;
  open: Set<RoutedConnection["socket"]>;
  /** Bytes, of those that are closed. */
  received: number;
  sent: number;
  failedDials: number;
  refused: Map<string, number>;
}

/** UDP sessions of one route. */
interface Sessions {
  count: number;
  open: number;
  received: number;
  sent: number;
  datagramsReceived: number;
  datagramsSent: number;
}

/** Counts connections and datagrams by entry point, router and service, for as long as the router is in the table. */
export class StreamStats implements StreamObserver {
  readonly #registry: Registry;
  readonly #connections: RouteTotals<Connections>;
  readonly #sessions = new RouteTotals<Sessions>(newSessions);
  /** What no route has, by entry point and reason. */
  readonly #refused = new Map<string, Value>();
  readonly #dropped = new Map<string, Value>();

  /** The routers of the last table, and whether one that is gone is still counted. */
  #retained: Partial<Pick<StreamTable, "tcpRouters" | "udpRouters">> & { isLeft: boolean } = { isLeft: false };

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#connections = new RouteTotals<Connections>(newConnections, (labels) =>
      registry.remove("sluice_tcp_connection_seconds", labels),
    );
  }

  connectionRouted(entryPoint: string, { socket, route: { router } }: RoutedConnection): void {
    const { totals } = this.#connections.of(entryPoint, router.name, router.service);
    totals.count += 1;
    totals.open.add(socket);
    // Counted here and not at the connection's end, which comes later when the endpoint's side is still open: a counter
    // that went back for a moment would be taken for one that began anew.
    socket.once("close", () => {
      totals.open.delete(socket);
      totals.received += socket.bytesRead;
      totals.sent += socket.bytesWritten;
    });
  }

  connectionEnded({ entryPoint, router, service, outcome, refusedBy, dialAttempts, durationMs }: ConnectionEnd): void {
    const { totals, labels } = this.#connections.of(entryPoint, router, service);
    const isCarried = outcome === "carried";
    totals.failedDials += dialAttempts - (isCarried ? 1 : 0);
    if (isCarried) {
      this.#registry.observe("sluice_tcp_connection_seconds", durationMs / 1000, labels);
      return;
    }
    const reason = refusedBy ?? outcome;
    totals.refused.set(reason, (totals.refused.get(reason) ?? 0) + 1);
  }

  connectionRefused(entryPoint: string, reason: RefusedConnection): void {
    countOne(this.#refused, { entrypoint: entryPoint, router: "", service: "", reason });
  }

  sessionEnded(end: UdpSessionEnd): void {
    addSession(this.#sessions, end);
  }

  datagramDropped(entryPoint: string, reason: DroppedDatagram): void {
    countOne(this.#dropped, { entrypoint: entryPoint, reason });
  }

  /** Forgets routers that are not in the table. */
  retain({ tcpRouters, udpRouters }: Pick<StreamTable, "tcpRouters" | "udpRouters">): void {
    const { tcpRouters: tcp, udpRouters: udp, isLeft } = this.#retained;
    if (tcp === tcpRouters && udp === udpRouters && !isLeft) return;
    const isInUse = ({ open }: Connections): boolean => open.size > 0;
    this.#sessions.retain(new Set(udpRouters.map(({ name }) => name)), () => false);
    this.#retained = {
      tcpRouters,
      udpRouters,
      isLeft: this.#connections.retain(new Set(tcpRouters.map(({ name }) => name)), isInUse),
    };
  }

  /** What has ended with what is open. */
  #sessionsWith(open: Iterable<Readonly<UdpSessionEnd>>): Route<Sessions>[] {
    const all = new RouteTotals<Sessions>(newSessions);
    for (const { labels, totals } of this.#sessions.list()) {
      Object.assign(all.of(labels.entrypoint, labels.router, labels.service).totals, totals);
    }
    for (const session of open) addSession(all, session).open += 1;
    return [...all.list()];
  }

  /** @param open UDP sessions that are open */
  collect(open: Iterable<Readonly<UdpSessionEnd>>): void {
    const connections = [...this.#connections.list()];
    const sessions = this.#sessionsWith(open);
    const show = <T>(name: RelayMetricName, list: readonly Route<T>[], of: (totals: T) => number) =>
      this.#registry.replace(
        name,
        list.map(({ labels, totals }) => ({ labels, value: of(totals) })),
      );
    show("sluice_tcp_connections_total", connections, ({ count }) => count);
    show("sluice_tcp_open_connections", connections, ({ open }) => open.size);
    show("sluice_tcp_received_bytes_total", connections, ({ received, open }) => received + sum(open, "bytesRead"));
    show("sluice_tcp_sent_bytes_total", connections, ({ sent, open }) => sent + sum(open, "bytesWritten"));
    show("sluice_tcp_failed_dials_total", connections, ({ failedDials }) => failedDials);
    const refused = connections.flatMap(({ labels, totals }) =>
      [...totals.refused].map(([reason, value]): Value => ({ value, labels: { ...labels, reason } })),
    );
    this.#registry.replace("sluice_tcp_refused_connections_total", [...this.#refused.values(), ...refused]);
    show("sluice_udp_open_sessions", sessions, ({ open }) => open);
    show("sluice_udp_sessions_total", sessions, ({ count }) => count);
    show("sluice_udp_received_bytes_total", sessions, ({ received }) => received);
    show("sluice_udp_sent_bytes_total", sessions, ({ sent }) => sent);
    show("sluice_udp_received_datagrams_total", sessions, ({ datagramsReceived }) => datagramsReceived);
    show("sluice_udp_sent_datagrams_total", sessions, ({ datagramsSent }) => datagramsSent);
    this.#registry.replace("sluice_udp_dropped_datagrams_total", this.#dropped.values());
  }
}

const newConnections = (): Connections => ({
  count: 0,
  open: new Set(),
  received: 0,
  sent: 0,
  failedDials: 0,
  refused: new Map(),
});

const newSessions = (): Sessions => ({
  count: 0,
  open: 0,
  received: 0,
  sent: 0,
  datagramsReceived: 0,
  datagramsSent: 0,
});

function addSession(routes: RouteTotals<Sessions>, session: Readonly<UdpSessionEnd>): Sessions {
  const { totals } = routes.of(session.entryPoint, session.router, session.service);
  totals.count += 1;
  totals.received += session.bytesIn;
  totals.sent += session.bytesOut;
  totals.datagramsReceived += session.datagramsIn;
  totals.datagramsSent += session.datagramsOut;
  return totals;
}

function sum(sockets: Iterable<RoutedConnection["socket"]>, of: "bytesRead" | "bytesWritten"): number {
  let bytes = 0;
  for (const socket of sockets) bytes += socket[of];
  return bytes;
}

function countOne(counts: Map<string, Value>, labels: Labels): void {
  const key = Object.values(labels).join(" ");
  const known = counts.get(key);
  if (known === undefined) counts.set(key, { value: 1, labels });
  else known.value += 1;
}
