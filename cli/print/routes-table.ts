import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import { describeTarget } from "./describe-service.ts";
import { formatTable } from "./format-table.ts";

export interface Route {
  entryPoint: string;
  router: Router;
}

/** Every router on each of its entry points, highest priority first within an entry point. */
export function listRoutes(table: Table): Route[] {
  const order = Object.keys(table.entryPoints);
  return table.routers
    .flatMap((router) => router.entryPoints.map((entryPoint) => ({ entryPoint, router })))
    .sort(
      (a, b) =>
        order.indexOf(a.entryPoint) - order.indexOf(b.entryPoint) ||
        b.router.priority - a.router.priority ||
        (a.router.tieBreaker < b.router.tieBreaker ? -1 : 1),
    );
}

/** What is routed where, in the order of `listRoutes`, the heading first. */
export function routesTable(table: Table): string[] {
  const rows = listRoutes(table).map(({ entryPoint, router }) => [
    entryPoint + (router.tls ? " (tls)" : ""),
    router.ruleText,
    describeTarget(router, table),
    String(router.priority),
  ]);
  return formatTable([["ENTRY POINT", "RULE", "SERVICE", "PRIORITY"], ...rows]);
}
