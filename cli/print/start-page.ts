import type { Table } from "../../src/table/table.ts";
import { type Colors, plain } from "./colors.ts";
import type { Listener } from "./curl-line.ts";
import { curlLines } from "./curl-lines.ts";
import { routesTable } from "./routes-table.ts";

/** An entry point as it listens. */
export interface ListeningEntryPoint extends Listener {
  name: string;
  /** It takes TLS and plain connections. */
  tls: boolean;
}

const MAX_LINES = 40;

/** What `sluice dev` prints when it is ready: where it listens, the routes, and what to try. */
export function startPage(table: Table, entryPoints: readonly ListeningEntryPoint[], colors: Colors = plain): string[] {
  const used = new Set(table.routers.flatMap((router) => router.entryPoints));
  const width = Math.max(0, ...entryPoints.map(({ name }) => name.length));
  const lines = [colors.bold("Listening")];
  for (const entryPoint of entryPoints) {
    const note = used.has(entryPoint.name) ? "" : colors.dim("  (no route)");
    lines.push(`  ${entryPoint.name.padEnd(width)}  ${urls(entryPoint).map(colors.cyan).join("  ")}${note}`);
  }
  const hasRoutes = [table.routers, table.tcpRouters, table.udpRouters].some((routers) => routers.length > 0);
  if (!hasRoutes) return [...lines, "", colors.yellow("No routes: every request gets 404.")];
  const [heading = "", ...rows] = routesTable(table);
  lines.push("", colors.bold("Routes"), `  ${colors.dim(heading)}`, ...shorten(rows, "routes"));
  if (table.routers.length === 0) return lines;
  const listeners = Object.fromEntries(entryPoints.map((entryPoint) => [entryPoint.name, entryPoint]));
  return [...lines, "", colors.bold("Try"), ...shorten(curlLines(table, listeners), "commands")];
}

/** Entry points that have been opened, or have come to take TLS, since `before`: a line each. */
export function newlyListening(
  before: readonly ListeningEntryPoint[],
  now: readonly ListeningEntryPoint[],
  colors: Colors = plain,
): string[] {
  const isKnown = ({ name, tls }: ListeningEntryPoint): boolean =>
    before.some((known) => known.name === name && known.tls === tls);
  return now
    .filter((entryPoint) => !isKnown(entryPoint))
    .map((entryPoint) => `${entryPoint.name} listens on ${urls(entryPoint).map(colors.cyan).join(" and ")}`);
}

function urls({ host, port, tls }: ListeningEntryPoint): string[] {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return [...(tls ? [`https://${authority}`] : []), `http://${authority}`];
}

function shorten(lines: readonly string[], what: string): string[] {
  const shown = lines.slice(0, MAX_LINES).map((line) => `  ${line}`);
  return lines.length > MAX_LINES ? [...shown, `  … and ${lines.length - MAX_LINES} more ${what}`] : shown;
}
