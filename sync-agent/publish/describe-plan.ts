import type { Plan } from "../../src/snapshot/plan.ts";
import type { Table } from "../../src/table/table.ts";
import { diffTables } from "../../src/table/table-changes.ts";

/** More of one kind than these are only counted. */
const SHOWN = 20;

/**
 * What publishing a table would change, for people: routes by name, the rest counted, and what would be written.
 *
 * @param before what is served now, undefined when nothing is
 */
export function describePlan(before: Table | undefined, after: Table, { writes, stats }: Plan): string {
  const empty: Table = { ...after, routers: [], services: {}, middlewares: {}, endpoints: {} };
  const from = before ?? empty;
  const changes = diffTables(from, after);
  const had = new Set(from.routers.map(({ name }) => name));
  const put = Object.keys(changes.routers.put);
  const lines = [
    ...listed(
      "+",
      put.filter((name) => !had.has(name)),
      "routes more",
    ),
    ...listed(
      "~",
      put.filter((name) => had.has(name)),
      "routes more",
    ),
    ...listed("-", changes.routers.removed, "routes more"),
  ];
  for (const part of ["services", "middlewares", "endpoints"] as const) {
    const changed = Object.keys(changes[part].put).length;
    const removed = changes[part].removed.length;
    if (changed + removed > 0) lines.push(`${part}: ${changed} new or changed, ${removed} removed`);
  }
  if (lines.length === 0) lines.push("no change");
  const bytes = [...writes.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const total = `${after.routers.length} routes, ${Object.keys(after.services).length} services`;
  lines.push(`${total}; ${writes.size} keys to write, ${(bytes / 1024).toFixed(1)} KiB; root ${stats.rootBytes} bytes`);
  return `${lines.join("\n")}\n`;
}

function listed(sign: string, names: readonly string[], more: string): string[] {
  const lines = names.slice(0, SHOWN).map((name) => `${sign} ${name}`);
  if (names.length > SHOWN) lines.push(`${sign} ${names.length - SHOWN} ${more}`);
  return lines;
}
