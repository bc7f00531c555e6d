import type { Certificate } from "../../src/table/tls.ts";
import { type SpiffeTrust, withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import type { Companion } from "../tcp/companion.ts";
import { createCarrier } from "../tcp/create-carrier.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import type { UdpSessionEnd } from "../udp/udp-listener.ts";
import { HealthChecks } from "./health-checks.ts";
import { createLingering } from "./linger.ts";
import { ListenerSet, type ListenerSetOptions, type ListenerStatus } from "./listener-set.ts";
import { openListener } from "./open-listener.ts";
import { type Probe, probeEndpoint } from "./probe-endpoint.ts";
import type { StreamObserver } from "./stream-observer.ts";
import type { StreamSettings } from "./stream-settings.ts";
import { closedListeners, type Placement, wantedListeners } from "./wanted-listeners.ts";

export interface StreamsOptions {
  table: StreamTable;
  settings: StreamSettings;
  observer: StreamObserver;
  placement?: Placement;
  /** Who takes the connections of an entry point that no TCP route takes. */
  companion?: (entryPoint: string) => Companion | undefined;
  /** Shown where the table has no certificate for a name, and no default. */
  fallbackCertificate?: Certificate;
  /** How endpoints are known by SPIFFE. Default: none of them is. */
  spiffe?: SpiffeTrust;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  log: (level: "info" | "warn" | "error", message: string, fields: object) => void;
  pauseMs?: ListenerSetOptions["pauseMs"];
}

/** What carries TCP and UDP in a program. */
export interface Streams {
  /** Carries by this table from now on. What is open goes on as it began. */
  take(table: StreamTable): void;
  listeners(): ListenerStatus[];
  /** The UDP sessions that are open. */
  sessions(): Iterable<Readonly<UdpSessionEnd>>;
  /** What active health checks know of endpoints. */
  health(): Pick<HealthChecks, "list" | "results">;
  /** Resolves when every listener that the table needs listens, or could not. */
  settled(): Promise<void>;
  /**
   * Takes nothing new, waits for what is open to end, then ends it.
   *
   * @param graceMs how long it waits where the entry point does not say it
   */
  close(graceMs?: number): Promise<void>;
}

/** What it depends on where is listened. */
const parts = ["relayEntryPoints", "tcpRouters", "udpRouters"] as const;

/** Listens where the table has routes of TCP and UDP, and carries what comes. */
export function startStreams(options: StreamsOptions): Streams {
  const { settings, observer, placement, companion, random, now, log, pauseMs, spiffe = withoutSpiffe } = options;
  let current = options.table;
  const table = (): StreamTable => current;
  const lingering = settings.lingerMs === undefined ? undefined : createLingering(settings.lingerMs);
  const health = new HealthChecks({ probe: (probe: Probe) => probeEndpoint(probe, spiffe), random, log });
  health.take(current);
  const carrier = createCarrier({
    table,
    handshakeTimeoutMs: settings.handshakeTimeoutMs,
    spiffe,
    random,
    now,
    health,
    log: (message, reason) => log("error", message, { reason }),
    ...(lingering && { reached: ({ socket }, target) => lingering.add(socket, target) }),
    ended: (end) => observer.connectionEnded(end),
    ...(options.fallbackCertificate && { fallbackCertificate: options.fallbackCertificate }),
  });
  const failed = (message: string, error: unknown): void => log("error", message, { reason: String(error) });
  const listeners = new ListenerSet({
    open: (name, wanted) => openListener(name, wanted, { table, carrier, settings, observer, companion, log: failed }),
    random,
    log,
    ...(pauseMs && { pauseMs }),
  });
  listeners.follow(wantedListeners(current, placement));
  let shared = sharedOf(current, placement);
  return {
    take(next) {
      const before = current;
      current = next;
      const nowShared = sharedOf(next, placement);
      if (nowShared !== shared || parts.some((part) => before[part] !== next[part])) {
        listeners.follow(wantedListeners(next, placement));
      }
      shared = nowShared;
      health.take(next);
      lingering?.take(next);
    },
    listeners: () => [...listeners.list(), ...listClosed(current, placement)],
    sessions: () => listeners.sessions(),
    settled: () => listeners.settled(),
    health: () => health,
    async close(graceMs = 0) {
      health.close();
      await listeners.close((name) => {
        const entryPoint = current.relayEntryPoints[name];
        return { acceptMs: entryPoint?.requestAcceptGraceMs ?? 0, graceMs: entryPoint?.graceMs ?? graceMs };
      });
      lingering?.close();
    },
  };
}

/** Entry points that nobody listens at since they are closed: whoever watches listeners is to see them. */
const listClosed = (table: StreamTable, placement: Placement | undefined): ListenerStatus[] =>
  [...closedListeners(table, placement)].map(([name, { protocol, host, port }]) => ({
    name,
    protocol,
    wanted: { host, port },
    address: undefined,
    reason: "it could not be read whole: the relay is older than the agent",
    failures: 0,
  }));

/** The entry points that are shared, as one text. */
const sharedOf = ({ relayEntryPoints }: StreamTable, { isShared = () => false }: Placement = {}): string =>
  Object.keys(relayEntryPoints).filter(isShared).join(" ");
