import type { Router } from "../../src/table/table.ts";
import type { PartName } from "./name-claims.ts";
import type { TablePart } from "./table-part.ts";
import { mapMiddleware, mapRouter, mapService } from "./table-references.ts";

/** The entries of a table that routers refer to over any number of steps, each once. */
export function reachedEntries(table: TablePart, routers: readonly Router[]): PartName[] {
  const seen = {
    services: new Set<string>(),
    middlewares: new Set<string>(),
    endpoints: new Set<string>(),
    serversTransports: new Set<string>(),
  };
  const reached: PartName[] = [];
  const visit = (part: PartName["part"], name: string): string => {
    if (!seen[part].has(name) && Object.hasOwn(table[part], name)) {
      seen[part].add(name);
      reached.push({ part, name });
    }
    return name;
  };
  for (const router of routers) mapRouter(router, visit);
  // What is appended meanwhile is visited too.
  for (const { part, name } of reached) {
    const service = part === "services" ? table.services[name] : undefined;
    const middleware = part === "middlewares" ? table.middlewares[name] : undefined;
    if (service !== undefined) mapService(service, visit);
    if (middleware !== undefined) mapMiddleware(middleware, visit);
  }
  return reached;
}
