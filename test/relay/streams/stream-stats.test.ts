import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { createMetricRegistry } from "../../../operations/metric-registry.ts";
import { relayMetrics } from "../../../relay/relay-metrics.ts";
import { RouteTotals } from "../../../relay/streams/route-totals.ts";
import { StreamStats } from "../../../relay/streams/stream-stats.ts";
import type { ConnectionEnd } from "../../../relay/tcp/carry-connection.ts";
import type { RoutedConnection } from "../../../relay/tcp/tcp-listener.ts";
import type { UdpSessionEnd } from "../../../relay/udp/udp-listener.ts";
import { router } from "../tcp/tcp-harness.ts";
import { tableOf } from "./streams-harness.ts";

const connection = (name: string) => {
  const socket = Object.assign(new EventEmitter(), { bytesRead: 0, bytesWritten: 0 });
  const route = { outcome: "found", router: { ...router("HostSNI(`*`)", "db"), name }, isPostgres: false };
  return { socket, routed: { socket, route } as unknown as RoutedConnection };
};
const endOf = (name: string, change: Partial<ConnectionEnd> = {}): ConnectionEnd => ({
  entryPoint: "tcp",
  router: name,
  service: "db",
  clientAddress: "192.0.2.1",
  sni: undefined,
  target: "10.0.0.1:1",
  outcome: "carried",
  dialAttempts: 1,
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 1_500,
  ...change,
});
const sessionOf = (change: Partial<UdpSessionEnd> = {}): UdpSessionEnd => ({
  entryPoint: "dns",
  router: "dns",
  service: "dns",
  clientAddress: "192.0.2.1",
  target: "10.0.0.1:53",
  bytesIn: 10,
  bytesOut: 20,
  datagramsIn: 1,
  datagramsOut: 2,
  ...change,
});

function start() {
  const registry = createMetricRegistry(relayMetrics);
  const stats = new StreamStats(registry);
  let open: UdpSessionEnd[] = [];
  registry.onCollect(() => stats.collect(open));
  return {
    stats,
    setOpen: (sessions: UdpSessionEnd[]) => (open = sessions),
    /** The values of a metric by its labels, as they are written. */
    async read(name: string): Promise<Record<string, number>> {
      const { text } = await registry.read();
      const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
      return Object.fromEntries(
        lines.map((line) => {
          const [, labels = "", value = ""] = /^[^{]+\{(.*)\} (\S+)$/.exec(line) ?? [];
          return [labels.replaceAll(/\w+="([^"]*)"/g, "$1"), Number(value)];
        }),
      );
    },
  };
}

describe("connections", () => {
  it("count from their first byte, and their counters never go back", async () => {
    const { stats, read } = start();
    const { socket, routed } = connection("a");
    stats.connectionRouted("tcp", routed);
    Object.assign(socket, { bytesRead: 5, bytesWritten: 7 });
    expect(await read("sluice_tcp_open_connections")).toEqual({ "tcp,a,db": 1 });
    expect(await read("sluice_tcp_received_bytes_total")).toEqual({ "tcp,a,db": 5 });
    Object.assign(socket, { bytesRead: 6, bytesWritten: 8 });
    // The client's side closes before the endpoint's.
    socket.emit("close");
    expect(await read("sluice_tcp_received_bytes_total")).toEqual({ "tcp,a,db": 6 });
    expect(await read("sluice_tcp_open_connections")).toEqual({ "tcp,a,db": 0 });
    stats.connectionEnded(endOf("a", { bytesIn: 6, bytesOut: 8 }));
    expect(await read("sluice_tcp_received_bytes_total")).toEqual({ "tcp,a,db": 6 });
    expect(await read("sluice_tcp_sent_bytes_total")).toEqual({ "tcp,a,db": 8 });
    expect(await read("sluice_tcp_connections_total")).toEqual({ "tcp,a,db": 1 });
    expect(await read("sluice_tcp_connection_seconds_sum")).toEqual({ "tcp,a,db": 1.5 });
  });

  it("that are refused count by the reason, and dials that failed", async () => {
    const { stats, read } = start();
    stats.connectionEnded(endOf("a", { outcome: "refused", refusedBy: "inFlightConn", dialAttempts: 0 }));
    stats.connectionEnded(endOf("a", { outcome: "no-endpoint", dialAttempts: 3 }));
    stats.connectionEnded(endOf("a", { dialAttempts: 2 }));
    stats.connectionRefused("tcp", "no-route");
    stats.connectionRefused("tcp", "no-route");
    stats.connectionRefused("tcp", "malformed-hello");
    expect(await read("sluice_tcp_refused_connections_total")).toEqual({
      "tcp,,,no-route": 2,
      "tcp,,,malformed-hello": 1,
      "tcp,a,db,inFlightConn": 1,
      "tcp,a,db,no-endpoint": 1,
    });
    expect(await read("sluice_tcp_failed_dials_total")).toEqual({ "tcp,a,db": 4 });
  });

  it("are forgotten with their router, once the last one has ended", async () => {
    const { stats, read } = start();
    const { socket, routed } = connection("gone");
    stats.connectionRouted("tcp", routed);
    stats.connectionEnded(endOf("kept"));
    const table = tableOf({ tcpRouters: [{ ...router("HostSNI(`*`)", "db"), name: "kept" }] });
    stats.retain(table);
    expect(Object.keys(await read("sluice_tcp_connections_total"))).toEqual(["tcp,gone,db", "tcp,kept,db"]);
    socket.emit("close");
    stats.connectionEnded(endOf("gone"));
    stats.retain(table);
    expect(Object.keys(await read("sluice_tcp_connections_total"))).toEqual(["tcp,kept,db"]);
    expect(Object.keys(await read("sluice_tcp_connection_seconds_count"))).toEqual(["tcp,kept,db"]);
  });
});

describe("sessions", () => {
  it("count while they are open and when they have ended, once", async () => {
    const { stats, setOpen, read } = start();
    setOpen([sessionOf(), sessionOf({ bytesIn: 1 })]);
    expect(await read("sluice_udp_open_sessions")).toEqual({ "dns,dns,dns": 2 });
    expect(await read("sluice_udp_received_bytes_total")).toEqual({ "dns,dns,dns": 11 });
    stats.sessionEnded(sessionOf());
    setOpen([sessionOf({ bytesIn: 1 })]);
    expect(await read("sluice_udp_open_sessions")).toEqual({ "dns,dns,dns": 1 });
    expect(await read("sluice_udp_sessions_total")).toEqual({ "dns,dns,dns": 2 });
    expect(await read("sluice_udp_received_bytes_total")).toEqual({ "dns,dns,dns": 11 });
    expect(await read("sluice_udp_sent_datagrams_total")).toEqual({ "dns,dns,dns": 4 });
  });

  it("that nobody takes count as dropped", async () => {
    const { stats, read } = start();
    stats.datagramDropped("dns", "no-endpoint");
    stats.datagramDropped("dns", "no-endpoint");
    stats.datagramDropped("dns", "stopping");
    expect(await read("sluice_udp_dropped_datagrams_total")).toEqual({ "dns,no-endpoint": 2, "dns,stopping": 1 });
  });
});

describe("route totals", () => {
  it("are bounded: routers beyond count together, on each entry point", () => {
    const totals = new RouteTotals(
      () => ({ count: 0 }),
      () => {},
      2,
    );
    for (const router of ["a", "b", "c", "d", "a"]) totals.of("tcp", router, "s").totals.count += 1;
    totals.of("other", "e", "s").totals.count += 1;
    expect([...totals.list()].map(({ labels, totals: { count } }) => [...Object.values(labels), count])).toEqual([
      ["tcp", "a", "s", 2],
      ["tcp", "b", "s", 1],
      ["tcp", "(others)", "(others)", 2],
      ["other", "(others)", "(others)", 1],
    ]);
  });
});
