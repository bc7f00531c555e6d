import type { EntryPoint } from "../table/entry-point.ts";

/** Entry points by `<scheme>:<port>`, for what the table's ports alone do not tell. */
export type EntryPointMap = Readonly<Record<string, string>>;

type EntryPoints = Readonly<Record<string, EntryPoint>>;

/**
 * Where Cloudflare listens (https://developers.cloudflare.com/fundamentals/reference/network-ports/). Any other port is one
 * that a client has put behind the Host that it sends: it must not choose an entry point that is not for it.
 */
const LISTENED: Readonly<Record<"http" | "https", readonly number[]>> = {
  http: [80, 8080, 8880, 2052, 2082, 2086, 2095],
  https: [443, 2053, 2083, 2087, 2096, 8443],
};
/** Traefik's entry point for itself, which nobody outside is to reach. */
const INTERNAL = "traefik";

/** Names of a root's entry points by their port, made once for each root. */
const byPort = new WeakMap<EntryPoints, ReadonlyMap<number, string>>();

/**
 * The entry point that takes a scheme and port in production, where there is no socket of its own to tell.
 * First the operator's map, then the entry point with that port, if Cloudflare listens there and it is not Traefik's own,
 * then Traefik's usual names for the two well-known ports (the chart's entry points listen on 8000 and 8443, and are exposed
 * as 80 and 443).
 *
 * @returns its name, or undefined when none takes the port
 */
export function findEntryPoint(
  scheme: "http" | "https",
  port: number,
  entryPoints: EntryPoints,
  map?: EntryPointMap,
): string | undefined {
  const mapped = map?.[`${scheme}:${port}`];
  if (mapped !== undefined) return mapped;
  if (!LISTENED[scheme].includes(port)) return undefined;
  const named = namesByPort(entryPoints).get(port);
  if (named !== undefined) return named;
  const usual = port === 443 ? "websecure" : port === 80 ? "web" : undefined;
  return usual !== undefined && Object.hasOwn(entryPoints, usual) ? usual : undefined;
}

/** Of two entry points with one port the first takes it. */
function namesByPort(entryPoints: EntryPoints): ReadonlyMap<number, string> {
  let names = byPort.get(entryPoints);
  if (names === undefined) {
    const entries = Object.entries(entryPoints).filter(([name]) => name !== INTERNAL);
    names = new Map(entries.map(([name, { port }]) => [port, name] as const).toReversed());
    byPort.set(entryPoints, names);
  }
  return names;
}
