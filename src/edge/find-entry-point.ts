import type { EntryPoint } from "../table/table.ts";

/** Entry points by `<scheme>:<port>`, for what the table's ports alone do not tell. */
export type EntryPointMap = Readonly<Record<string, string>>;

/**
 * The entry point that takes a scheme and port in production, where there is no socket of its own to tell.
 * First the operator's map, then the entry point with that port, then Traefik's usual names for the two
 * well-known ports (the chart's entry points listen on 8000 and 8443, and are exposed as 80 and 443).
 *
 * @returns its name, or undefined when none takes the port
 */
export function findEntryPoint(
  scheme: "http" | "https",
  port: number,
  entryPoints: Readonly<Record<string, EntryPoint>>,
  map: EntryPointMap = {},
): string | undefined {
  const mapped = map[`${scheme}:${port}`];
  if (mapped !== undefined) return mapped;
  for (const [name, entryPoint] of Object.entries(entryPoints)) if (entryPoint.port === port) return name;
  const usual = port === 443 ? "websecure" : port === 80 ? "web" : undefined;
  return usual !== undefined && Object.hasOwn(entryPoints, usual) ? usual : undefined;
}
