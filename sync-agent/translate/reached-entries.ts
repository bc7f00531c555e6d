import { DEFAULT_TLS_OPTIONS } from "../../src/table/tls.ts";
import type { PartName } from "./name-claims.ts";
import { perRecordPart, type RecordPart, routerParts, type TablePart } from "./table-part.ts";
import { mapEntry } from "./table-references.ts";

/**
 * The entries of a table that its routers refer to over any number of steps, each once; and those that count without
 * being named: every certificate, and the default options of TLS.
 */
export function reachedEntries(table: TablePart): PartName[] {
  const seen = perRecordPart(() => new Set<string>());
  const reached: PartName[] = [];
  const visit = (part: RecordPart, name: string): string => {
    if (!seen[part].has(name) && Object.hasOwn(table[part], name)) {
      seen[part].add(name);
      reached.push({ part, name });
    }
    return name;
  };
  for (const part of routerParts) for (const router of table[part]) mapEntry[part](router as never, visit);
  for (const name of Object.keys(table.certificates)) visit("certificates", name);
  visit("tlsOptions", DEFAULT_TLS_OPTIONS);
  // What is appended meanwhile is visited too.
  for (const { part, name } of reached) mapEntry[part](table[part][name] as never, visit);
  return reached;
}
