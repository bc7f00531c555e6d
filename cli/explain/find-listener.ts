import { findEntryPoint } from "../../src/edge/find-entry-point.ts";
import { portOf, type Target } from "../../src/edge/parse-target.ts";
import type { Table } from "../../src/table/table.ts";
import type { StaticConfig } from "../../sync-agent/config/static-config.ts";
import { placeEntryPoints } from "../dev/place-entry-points.ts";

/**
 * The entry point that takes a URL: in production by its port, else the one that `sluice dev` gives that port.
 * Undefined when there is none.
 */
export async function findListener(
  { authority, scheme }: Target,
  entryPoints: Table["entryPoints"],
  listen: StaticConfig["listen"] | undefined,
): Promise<string | undefined> {
  const port = portOf(authority, scheme);
  const found = findEntryPoint(scheme, port, entryPoints);
  if (found !== undefined) return found;
  const places = await placeEntryPoints({
    entryPoints: Object.fromEntries(Object.entries(entryPoints).map(([name, { port }]) => [name, { port }])),
    ...(listen && { configured: listen }),
    overrides: {},
    isFree: async () => true,
  });
  return places.find((place) => place.port === port)?.name;
}
