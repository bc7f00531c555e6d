import { readFileSync } from "node:fs";
import { createMetricRegistry } from "../../operations/metric-registry.ts";
import { relayMetrics } from "../../relay/relay-metrics.ts";
import { startStreams } from "../../relay/streams/start-streams.ts";
import { defaultStreamSettings } from "../../relay/streams/stream-settings.ts";
import { StreamStats } from "../../relay/streams/stream-stats.ts";
import type { StreamTable } from "../../relay/tcp/stream-table.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import { answerParent } from "./child.ts";

/** Where a relay's one route of each protocol leads. */
export interface RelayOrder {
  tcp: number;
  udp: number;
}

const host = "127.0.0.1";

/** @returns the ports at which it listens for the two */
async function start(to: RelayOrder): Promise<RelayOrder> {
  const streams = startStreams({
    table: tableOf(to),
    settings: defaultStreamSettings,
    observer: new StreamStats(createMetricRegistry(relayMetrics)),
    random: Math.random,
    now: () => performance.now(),
    log: (level, message, fields) => {
      if (level !== "info") console.error(message, fields);
    },
  });
  await streams.settled();
  const portOf = (protocol: "tcp" | "udp"): number => {
    const port = streams.listeners().find(({ name }) => name === protocol)?.address?.port;
    if (port === undefined) throw new Error(`the relay does not listen for ${protocol}`);
    return port;
  };
  return { tcp: portOf("tcp"), udp: portOf("udp") };
}

function tableOf(to: RelayOrder): StreamTable {
  const endpoint = (port: number) => ({ endpoints: [{ address: host, port, state: "ready" as const }] });
  return {
    ...emptyTable(),
    relayEntryPoints: { tcp: { protocol: "tcp", host, port: 0 }, udp: { protocol: "udp", host, port: 0 } },
    relayEndpoints: { tcp: endpoint(to.tcp), udp: endpoint(to.udp) },
    tcpRouters: [
      {
        name: "tcp",
        entryPoints: ["tcp"],
        rule: { type: "any" },
        ruleText: "HostSNI(`*`)",
        priority: -1,
        tieBreaker: "tcp",
        middlewares: [],
        service: "tcp",
      },
    ],
    tcpServices: { tcp: { type: "loadBalancer", endpoints: "tcp" } },
    udpRouters: [{ name: "udp", entryPoints: ["udp"], tieBreaker: "udp", service: "udp" }],
    udpServices: { udp: { type: "loadBalancer", endpoints: "udp" } },
  };
}

/** @returns MiB of memory that the process has */
async function memory(): Promise<number> {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kib) / 1024;
}

/** @returns how many files the process may have open */
async function files(): Promise<number> {
  const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}

answerParent({ start, memory, files, pid: async () => process.pid });
