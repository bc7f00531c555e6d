import { DEFAULT_TLS_OPTIONS } from "../../src/table/tls.ts";
import type { PartName } from "./name-claims.ts";
import { perRecordPart, routerParts, type TablePart } from "./table-part.ts";
import { mapEntry, type Rename } from "./table-references.ts";

/**
 * The entries of a table that its routers refer to over any number of steps, each once; and those that count without
 * being named: every certificate, and the default options of TLS.
 */
export const reachedEntries = (table: TablePart): PartName[] =>
  follow(table, (visit) => {
    for (const part of routerParts) for (const router of table[part]) mapEntry[part](router as never, visit);
    for (const name of Object.keys(table.certificates)) visit("certificates", name);
    visit("tlsOptions", DEFAULT_TLS_OPTIONS);
  });

/** A middleware, and the entries of a table that it refers to over any number of steps, each once. */
export const reachedByMiddleware = (table: TablePart, name: string): PartName[] =>
  follow(table, (visit) => visit("middlewares", name));

function follow(table: TablePart, start: (visit: Rename) => void): PartName[] {
  const seen = perRecordPart(() => new Set<string>());
  const reached: PartName[] = [];
  const visit: Rename = (part, name) => {
    if (!seen[part].has(name) && Object.hasOwn(table[part], name)) {
      seen[part].add(name);
      reached.push({ part, name });
    }
    return name;
  };
  start(visit);
  // What is appended meanwhile is visited too.
  for (const { part, name } of reached) mapEntry[part](table[part][name] as never, visit);
  return reached;
}
