import { matchRoute } from "../../src/router/match-route.ts";
import { buildRouteIndex } from "../../src/router/route-index.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import { readTieBreaker } from "../../sync-agent/translate/tie-breaker.ts";
import { callPath, curlLine, grpcLine, type Listener } from "./curl-line.ts";
import { type ExampleRequest, exampleRequest } from "./example-request.ts";
import { listRoutes } from "./routes-table.ts";

/**
 * For each route, in the order of `listRoutes`, a command that reaches it, or a comment that says why there is none. Those
 * of a GRPCRoute get a call.
 *
 * @param clientAddress where the commands will be run
 */
export function curlLines(
  table: Table,
  listeners: Readonly<Record<string, Listener>>,
  clientAddress = "127.0.0.1",
): string[] {
  const index = buildRouteIndex(table.routers.map((router) => ({ router, value: router })));
  const reached = (router: Router, entryPoint: string, request: ExampleRequest): Router | undefined =>
    matchRoute([index], { entryPoint, tls: router.tls }, toFacts(request, clientAddress));
  return listRoutes(table).flatMap(({ entryPoint, router }) => {
    const listener = Object.hasOwn(listeners, entryPoint) ? listeners[entryPoint] : undefined;
    if (listener === undefined) return [];
    const isReached = (one: ExampleRequest): boolean => reached(router, entryPoint, one) === router;
    const request = exampleRequest(router.rule, isReached);
    if (request === undefined) {
      return [`# ${router.ruleText.replace(/\s+/g, " ")}: no request that reaches it could be made up`];
    }
    if (readTieBreaker(router.tieBreaker)?.kind !== "GRPCRoute") return [curlLine(request, listener, router.tls)];
    const call = { ...request, path: callPath(request.path) };
    return [grpcLine(isReached(call) ? call : request, listener, router.tls)];
  });
}

function toFacts(request: ExampleRequest, clientAddress: string) {
  const headers = new Map(request.headers.map(([name, value]) => [name.toLowerCase(), value]));
  return createRequestFacts({
    host: request.host ?? "127.0.0.1",
    routingPath: request.path ?? "/",
    method: request.method ?? "GET",
    headers: { get: (name) => headers.get(name.toLowerCase()) ?? null },
    query: new URLSearchParams(request.query.map(([key, value]): [string, string] => [key, value])).toString(),
    clientAddress,
  });
}
