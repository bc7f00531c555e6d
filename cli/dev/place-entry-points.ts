import type { EntryPointSettings } from "../../sync-agent/translate/settings.ts";

/** Where an entry point listens on this machine. */
export interface Place {
  host: string;
  port: number;
  /** How to move it elsewhere is told to those who meet a port that is taken. */
  name: string;
}

export interface PlaceRequest {
  entryPoints: Readonly<Record<string, EntryPointSettings>>;
  /** The addresses of a static configuration; absent without one. */
  configured?: Readonly<Record<string, { host: string; port: number }>>;
  /** `--entrypoint name=host:port`. */
  overrides: Readonly<Record<string, { host: string; port: number }>>;
  /** Whether nothing listens on a port yet. */
  isFree(host: string, port: number): Promise<boolean>;
}

const LOOPBACK = "127.0.0.1";
const FIRST_PORT = 8787;
const USUAL: Readonly<Record<string, number>> = { web: FIRST_PORT, websecure: FIRST_PORT + 1 };
/** Ports below this one belong to the system. */
const FIRST_USER_PORT = 1024;
const SHIFT = 8000;

/**
 * Gives every entry point an address on this machine. Overrides stand as they are; a configured port stays, unless
 * it is below 1024: then it becomes 8000 + n, or the next one that no other entry point has. Without a configuration
 * `web` is 127.0.0.1:8787, `websecure` 127.0.0.1:8788, and all others take the next free ports.
 */
export async function placeEntryPoints(request: PlaceRequest): Promise<Place[]> {
  const { entryPoints, configured, overrides, isFree } = request;
  const places = new Map<string, Place>();
  const later: string[] = [];
  for (const name of Object.keys(entryPoints)) {
    const fixed = own(overrides, name) ?? fixedAddress(name, configured);
    if (fixed) places.set(name, { ...fixed, host: fixed.host || LOOPBACK, name });
    else later.push(name);
  }
  const taken = new Set([...places.values()].map(({ port }) => port));
  for (const name of later) {
    const wanted = own(configured ?? {}, name);
    const host = wanted?.host || LOOPBACK;
    let port = wanted ? wanted.port + SHIFT : FIRST_PORT + 2;
    while (taken.has(port) || (!wanted && !(await isFree(host, port)))) port++;
    taken.add(port);
    places.set(name, { host, port, name });
  }
  return Object.keys(entryPoints).flatMap((name) => places.get(name) ?? []);
}

function fixedAddress(
  name: string,
  configured: PlaceRequest["configured"],
): { host: string; port: number } | undefined {
  const wanted = own(configured ?? {}, name);
  if (wanted) return wanted.port === 0 || wanted.port >= FIRST_USER_PORT ? wanted : undefined;
  const port = own(USUAL, name);
  return port === undefined || configured ? undefined : { host: LOOPBACK, port };
}

const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
