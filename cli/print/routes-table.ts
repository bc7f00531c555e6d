import type { ChildRouter, Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import type { TcpRouter, UdpRouter } from "../../src/table/tcp.ts";
import { describeStreamTarget, describeTarget } from "./describe-service.ts";
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

interface StreamRoute {
  entryPoint: string;
  router: TcpRouter | UdpRouter;
}

/** Every router of TCP and UDP on each of its entry points, in the order in which they are tried there. */
export function listStreamRoutes({ relayEntryPoints, tcpRouters, udpRouters }: Table): StreamRoute[] {
  const order = Object.keys(relayEntryPoints);
  return [...tcpRouters, ...udpRouters]
    .flatMap((router) => router.entryPoints.map((entryPoint) => ({ entryPoint, router })))
    .sort(
      (a, b) =>
        order.indexOf(a.entryPoint) - order.indexOf(b.entryPoint) ||
        priorityOf(b.router) - priorityOf(a.router) ||
        (a.router.tieBreaker < b.router.tieBreaker ? -1 : 1),
    );
}

const priorityOf = (router: TcpRouter | UdpRouter): number => ("rule" in router ? router.priority : 0);

/** What is routed where, in the order of `listRoutes` and then of `listStreamRoutes`, the heading first. */
export function routesTable(table: Table): string[] {
  const rows = listRoutes(table).flatMap(({ entryPoint, router }) => [
    routeRow(entryPoint + (router.tls ? " (tls)" : ""), router, table),
    ...rowsBelow(router, table),
  ]);
  const streamRows = listStreamRoutes(table).map(({ entryPoint, router }) => [
    `${entryPoint} (${protocolOf(router)})`,
    "rule" in router ? router.ruleText : "",
    describeStreamTarget(router, table),
    "rule" in router ? String(router.priority) : "",
  ]);
  return formatTable([["ENTRY POINT", "RULE", "SERVICE", "PRIORITY"], ...rows, ...streamRows]);
}

const routeRow = (entryPoint: string, router: ChildRouter, table: Table, mark = ""): string[] => [
  entryPoint,
  mark + router.ruleText,
  describeTarget(router, table),
  String(router.priority),
];

/**
 * The routes below a route, each behind the one that it stands below. What stands below several is shown below the first:
 * the ways through a few dozen routes can be millions.
 */
function rowsBelow(
  { service, closedBy }: ChildRouter,
  table: Table,
  depth = 1,
  shown: Set<string> = new Set(),
): string[][] {
  const below = Object.hasOwn(table.services, service) ? table.services[service] : undefined;
  if (below?.type !== "routers" || closedBy !== undefined || shown.has(service)) return [];
  shown.add(service);
  return below.routers.flatMap((router) => [
    routeRow("", router, table, `${"└".repeat(depth)} `),
    ...rowsBelow(router, table, depth + 1, shown),
  ]);
}

function protocolOf(router: TcpRouter | UdpRouter): string {
  if (!("rule" in router)) return "udp";
  if (router.tls === undefined) return "tcp";
  return router.tls.passthrough ? "tcp, tls passed through" : "tcp, tls";
}
