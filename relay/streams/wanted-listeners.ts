import type { RelayEntryPoint } from "../../src/table/entry-point.ts";
import type { StreamTable } from "../tcp/stream-table.ts";

/** A place to listen at. Two that are equal are one listener, which stays as it is. */
export interface WantedListener {
  protocol: RelayEntryPoint["protocol"];
  /** Empty: every address of the machine. */
  host: string;
  port: number;
  /** Of UDP sessions. */
  idleTimeoutMs: number;
}

export interface Placement {
  /** Another place for an entry point than the table names; undefined leaves it there. */
  place?: (name: string) => { host: string; port: number } | undefined;
  /** Whether an entry point of TCP is listened at without a router: another protocol has its connections. */
  isShared?: (name: string) => boolean;
}

/** Traefik's default (https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/). */
const UDP_TIMEOUT_MS = 3_000;

type ListenedTable = Pick<StreamTable, "relayEntryPoints" | "tcpRouters" | "udpRouters">;

/** The entry points on which a table has something to carry, by name. Those that are closed are not among them. */
export function wantedListeners(table: ListenedTable, placement: Placement = {}): Map<string, WantedListener> {
  return placesOf(table, placement, ({ closedBy }) => closedBy === undefined);
}

/** The entry points that would be listened at, were they not closed. */
export function closedListeners(table: ListenedTable, placement: Placement = {}): Map<string, WantedListener> {
  return placesOf(table, placement, ({ closedBy }) => closedBy !== undefined);
}

function placesOf(
  { relayEntryPoints, tcpRouters, udpRouters }: ListenedTable,
  { place = () => undefined, isShared = () => false }: Placement,
  isMeant: (entryPoint: RelayEntryPoint) => boolean,
): Map<string, WantedListener> {
  const used = { tcp: new Set<string>(), udp: new Set<string>() };
  for (const { entryPoints } of tcpRouters) for (const name of entryPoints) used.tcp.add(name);
  for (const { entryPoints } of udpRouters) for (const name of entryPoints) used.udp.add(name);
  const places = new Map<string, WantedListener>();
  for (const [name, entryPoint] of Object.entries(relayEntryPoints)) {
    const { protocol, udpTimeoutMs = UDP_TIMEOUT_MS } = entryPoint;
    if (!isMeant(entryPoint) || (!used[protocol].has(name) && !(protocol === "tcp" && isShared(name)))) continue;
    const { host, port } = place(name) ?? entryPoint;
    places.set(name, { protocol, host, port, idleTimeoutMs: udpTimeoutMs });
  }
  return places;
}

export const isSameListener = (a: WantedListener, b: WantedListener): boolean =>
  a.protocol === b.protocol &&
  a.host === b.host &&
  a.port === b.port &&
  (a.protocol === "tcp" || a.idleTimeoutMs === b.idleTimeoutMs);
