import { emptyTable } from "../../src/table/empty-table.ts";
import type { Router } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { Table } from "../../src/table/table.ts";

/** What a route does beside being found. */
export type RouteKind = "plain" | "middlewares" | "sticky" | "mirror";

export interface RequestTarget {
  host: string;
  path: string;
  /** Lines beside those of every request. */
  headers?: readonly string[];
}

/** The areas of one host, by the last digit of a route's number. */
const AREAS: readonly RouteKind[] = ["plain", "plain", "middlewares", "sticky", "mirror"];

/** Five that many routes have: who may come, where to, what the Pod is told, what the client is. */
const middlewares: Table["middlewares"] = {
  office: { type: "ipAllowList", sourceRange: ["10.0.0.0/8", "127.0.0.0/8"], rejectStatusCode: 403 },
  strip: { type: "stripPrefix", prefixes: ["/area-2"] },
  version: { type: "addPrefix", prefix: "/v1" },
  tenant: { type: "headers", customRequestHeaders: { "X-Tenant": "shop", "X-Debug": "" } },
  secure: {
    type: "headers",
    stsSeconds: 31_536_000,
    frameDeny: true,
    contentTypeNosniff: true,
    referrerPolicy: "no-referrer",
    customResponseHeaders: { Server: "" },
  },
};

/** The rule of a path below a host, as Traefik writes it most often. */
export const pathBelow = (host: string, path: string): Rule => ({
  type: "and",
  rules: [
    { type: "host", host },
    { type: "pathPrefix", path },
  ],
});

export function routerOf(index: number, rule: Rule, service: string): Router {
  const ruleText = JSON.stringify(rule);
  const name = `default-shop-${index}@kubernetescrd`;
  const priority = ruleText.length;
  return {
    name,
    entryPoints: ["web"],
    tls: false,
    rule,
    ruleText,
    priority,
    tieBreaker: name,
    middlewares: [],
    service,
  };
}

/** A table of many hosts, each with five areas: two plain ones, one with five middlewares, a sticky canary, a mirror. */
export function makeTable(routes: number): Table {
  const table: Table = { ...emptyTable(), entryPoints: { web: { port: 80 }, websecure: { port: 443 } }, middlewares };
  for (let index = 0; index < routes; index++) {
    const { host, path } = targetOf(index);
    const kind = kindOf(index);
    const service = addService(table, `default-shop-${index}-80`, kind);
    const router = routerOf(index, pathBelow(host, path), service);
    if (kind === "middlewares") router.middlewares = Object.keys(middlewares);
    table.routers.push(router);
  }
  return table;
}

/** Requests for all routes of a kind. */
export function targetsOf(routes: number, kind: RouteKind): RequestTarget[] {
  return Array.from({ length: routes }, (_, index) => index)
    .filter((index) => kindOf(index) === kind)
    .map((index) => {
      const { host, path } = targetOf(index);
      return { host, path: `${path}/items/${index}?page=2` };
    });
}

const kindOf = (index: number): RouteKind => AREAS[index % AREAS.length] ?? "plain";

const targetOf = (index: number): RequestTarget => ({
  host: `shop-${Math.floor(index / AREAS.length)}.example.com`,
  path: `/area-${index % AREAS.length}`,
});

function addService(table: Table, name: string, kind: RouteKind): string {
  addLoadBalancer(table, name);
  if (kind === "plain" || kind === "middlewares") return name;
  const other = `${name}-next`;
  addLoadBalancer(table, other);
  const above = `${name}-${kind}`;
  table.services[above] =
    kind === "sticky"
      ? {
          type: "weighted",
          children: [
            { service: name, weight: 9 },
            { service: other, weight: 1 },
          ],
          sticky: { name: "_canary", path: "/", secure: false, httpOnly: true, maxAge: 0 },
        }
      : {
          type: "mirroring",
          service: name,
          mirrors: [{ service: other, percent: 100 }],
          mirrorBody: true,
          maxBodySize: -1,
        };
  return above;
}

function addLoadBalancer(table: Table, name: string): void {
  table.services[name] = {
    type: "loadBalancer",
    endpoints: name,
    scheme: "http",
    passHostHeader: true,
    transport: "gateway",
  };
  table.endpoints[name] = {
    endpoints: [
      { address: "10.0.0.1", port: 8080, state: "ready" },
      { address: "10.0.0.2", port: 8080, state: "ready" },
    ],
  };
}
