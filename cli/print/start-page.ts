import type { Table } from "../../src/table/table.ts";
import { type Colors, plain } from "./colors.ts";
import type { Listener } from "./curl-line.ts";
import { curlLines } from "./curl-lines.ts";
import { routesTable } from "./routes-table.ts";
import { streamLines } from "./stream-lines.ts";

/** An entry point as it listens. */
export interface ListeningEntryPoint extends Listener {
  name: string;
  /** It takes TLS and plain connections. */
  tls: boolean;
  /** UDP when it is; else it takes connections. */
  protocol?: "udp";
}

const MAX_LINES = 40;

/** What `sluice dev` prints when it is ready: where it listens, the routes, and what to try. */
export function startPage(table: Table, entryPoints: readonly ListeningEntryPoint[], colors: Colors = plain): string[] {
  const used = usedEntryPoints(table);
  const width = Math.max(0, ...entryPoints.map(({ name }) => name.length));
  const lines = [colors.bold("Listening")];
  for (const entryPoint of entryPoints) {
    const isUsed = used.http.has(entryPoint.name) || used.streams.has(entryPoint.name);
    const note = isUsed ? "" : colors.dim("  (no route)");
    lines.push(`  ${entryPoint.name.padEnd(width)}  ${urls(entryPoint, used).map(colors.cyan).join("  ")}${note}`);
  }
  const hasRoutes = [table.routers, table.tcpRouters, table.udpRouters].some((routers) => routers.length > 0);
  if (!hasRoutes) return [...lines, "", colors.yellow("No routes: every request gets 404.")];
  const [heading = "", ...rows] = routesTable(table);
  lines.push("", colors.bold("Routes"), `  ${colors.dim(heading)}`, ...shorten(rows, "routes"));
  const listeners = Object.fromEntries(entryPoints.map((entryPoint) => [entryPoint.name, entryPoint]));
  const commands = [...curlLines(table, listeners), ...streamLines(table, listeners)];
  return commands.length === 0 ? lines : [...lines, "", colors.bold("Try"), ...shorten(commands, "commands")];
}

interface UsedEntryPoints {
  http: ReadonlySet<string>;
  streams: ReadonlySet<string>;
}

const usedEntryPoints = ({ routers, tcpRouters, udpRouters }: Table): UsedEntryPoints => ({
  http: new Set(routers.flatMap(({ entryPoints }) => entryPoints)),
  streams: new Set([...tcpRouters, ...udpRouters].flatMap(({ entryPoints }) => entryPoints)),
});

/** Entry points that have been opened, or have come to take TLS, since `before`: a line each. */
export function newlyListening(
  before: readonly ListeningEntryPoint[],
  now: readonly ListeningEntryPoint[],
  table: Table,
  colors: Colors = plain,
): string[] {
  const used = usedEntryPoints(table);
  const isKnown = ({ name, tls }: ListeningEntryPoint): boolean =>
    before.some((known) => known.name === name && known.tls === tls);
  return now
    .filter((entryPoint) => !isKnown(entryPoint))
    .map((entryPoint) => `${entryPoint.name} listens on ${urls(entryPoint, used).map(colors.cyan).join(" and ")}`);
}

/** Where clients of the routes on it connect to; of HTTP when there is no other. */
function urls({ name, host, port, tls, protocol }: ListeningEntryPoint, { http, streams }: UsedEntryPoints): string[] {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (protocol === "udp") return [`udp://${authority}`];
  const ofStreams = streams.has(name) ? [`tcp://${authority}`] : [];
  if (streams.has(name) && !http.has(name)) return ofStreams;
  return [...(tls ? [`https://${authority}`] : []), `http://${authority}`, ...ofStreams];
}

function shorten(lines: readonly string[], what: string): string[] {
  const shown = lines.slice(0, MAX_LINES).map((line) => `  ${line}`);
  return lines.length > MAX_LINES ? [...shown, `  … and ${lines.length - MAX_LINES} more ${what}`] : shown;
}
