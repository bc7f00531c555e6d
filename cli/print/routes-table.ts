import type { Table } from "../../src/table/table.ts";
import { describeTarget } from "./describe-service.ts";
import { formatTable } from "./format-table.ts";

/** What is routed where, highest priority first within an entry point, the heading first. */
export function routesTable(table: Table): string[] {
  const order = Object.keys(table.entryPoints);
  const rows = table.routers
    .flatMap((router) => router.entryPoints.map((entryPoint) => ({ entryPoint, router })))
    .sort(
      (a, b) =>
        order.indexOf(a.entryPoint) - order.indexOf(b.entryPoint) ||
        b.router.priority - a.router.priority ||
        (a.router.tieBreaker < b.router.tieBreaker ? -1 : 1),
    )
    .map(({ entryPoint, router }) => [
      entryPoint + (router.tls ? " (tls)" : ""),
      router.ruleText,
      describeTarget(router, table),
      String(router.priority),
    ]);
  return formatTable([["ENTRY POINT", "RULE", "SERVICE", "PRIORITY"], ...rows]);
}
