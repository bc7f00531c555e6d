import { emptyTable } from "../../src/table/empty-table.ts";
import type { Router } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";

export function makeRouter(name: string, rule: Rule, more: Partial<Router> = {}): Router {
  return {
    name,
    entryPoints: ["web"],
    tls: false,
    rule,
    ruleText: "",
    priority: 1,
    tieBreaker: name,
    middlewares: [],
    service: "app",
    ...more,
  };
}

export const makeLoadBalancer = (endpoints: string): LoadBalancer => ({
  type: "loadBalancer",
  endpoints,
  scheme: "http",
  passHostHeader: true,
  transport: "gateway",
});

export const hostRule = (host: string, path?: string): Rule =>
  path === undefined
    ? { type: "host", host }
    : {
        type: "and",
        rules: [
          { type: "host", host },
          { type: "pathPrefix", path },
        ],
      };

/** A table of one service for all routers. */
export function makeTable(routers: Router[]): Table {
  return {
    ...emptyTable(),
    entryPoints: { web: { port: 80 } },
    routers,
    services: { app: makeLoadBalancer("default-app-80") },
    endpoints: { "default-app-80": { endpoints: [{ address: "10.0.0.1", port: 80, state: "ready" }] } },
  };
}
