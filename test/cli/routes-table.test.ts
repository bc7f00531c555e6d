import { describe, expect, it } from "vitest";
import { describeTarget } from "../../cli/print/describe-service.ts";
import { formatTable } from "../../cli/print/format-table.ts";
import { routesTable } from "../../cli/print/routes-table.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { ChildRouter, Router } from "../../src/table/router.ts";
import type { Service } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";
import type { TcpRouter } from "../../src/table/tcp.ts";

const backend = (endpoints: string): Service => ({
  type: "loadBalancer",
  endpoints,
  scheme: "http",
  passHostHeader: true,
  transport: "gateway",
});

const services: Record<string, Service> = {
  a: backend("default-a-80"),
  b: backend("default-b-80"),
  split: {
    type: "weighted",
    children: [
      { service: "a", weight: 3 },
      { service: "b", weight: 1 },
    ],
  },
  nested: {
    type: "weighted",
    children: [
      { service: "split", weight: 1 },
      { service: "b", weight: 2 },
    ],
  },
  mirrored: {
    type: "mirroring",
    service: "a",
    mirrorBody: true,
    maxBodySize: -1,
    mirrors: [{ service: "b", percent: 50 }],
  },
  fails: { type: "failover", service: "a", fallback: "split" },
  filtered: { type: "filtered", middlewares: ["x"], service: "b" },
  nothing: { type: "status", status: 503 },
  noop: { type: "status", status: 418 },
  circle: { type: "failover", service: "circle", fallback: "a" },
};

const router = (name: string, overrides: Partial<Router> = {}): Router => ({
  name,
  entryPoints: ["web"],
  tls: false,
  rule: { type: "any" },
  ruleText: "PathPrefix(`/`)",
  priority: 1,
  tieBreaker: name,
  middlewares: [],
  service: "a",
  ...overrides,
});

const table = (routers: Router[]): Table => ({
  ...emptyTable(),
  entryPoints: { web: { port: 80 }, websecure: { port: 443 } },
  services,
  routers,
});

describe("describeTarget", () => {
  it.each([
    ["a", "default-a-80"],
    ["split", "3× default-a-80, 1× default-b-80"],
    ["nested", "1× (3× default-a-80, 1× default-b-80), 2× default-b-80"],
    ["mirrored", "default-a-80, mirror 50% default-b-80"],
    ["fails", "default-a-80, else (3× default-a-80, 1× default-b-80)"],
    ["filtered", "default-b-80"],
    ["nothing", "answers 503"],
    ["noop", "nobody: its middlewares answer"],
    ["circle", "circle, else default-a-80"],
    ["absent", "absent"],
    ["toString", "toString"],
  ])("%s: %s", (service, text) => {
    expect(describeTarget(router("r", { service }), table([]))).toBe(text);
  });

  it("says when a route is closed", () => {
    expect(describeTarget(router("r", { closedBy: "middleware-not-found" }), table([]))).toBe(
      "closed: middleware-not-found",
    );
  });
});

describe("routesTable", () => {
  it("lists routes by entry point, then as they are tried", () => {
    const lines = routesTable(
      table([
        router("low"),
        router("secure", { entryPoints: ["websecure", "web"], tls: true, priority: 5, ruleText: "Host(`a`)" }),
        router("tie-b", { priority: 9, ruleText: "Path(`/b`)" }),
        router("tie-a", { priority: 9, ruleText: "Path(`/a`)" }),
      ]),
    );
    expect(lines).toEqual([
      "ENTRY POINT      RULE             SERVICE       PRIORITY",
      "web              Path(`/a`)       default-a-80  9",
      "web              Path(`/b`)       default-a-80  9",
      "web (tls)        Host(`a`)        default-a-80  5",
      "web              PathPrefix(`/`)  default-a-80  1",
      "websecure (tls)  Host(`a`)        default-a-80  5",
    ]);
  });

  it("shows the routes below a route behind it, and ends where a circle was published", () => {
    const below = (name: string, service: string): ChildRouter => {
      const { entryPoints: _, tls: __, ...child } = router(name, { service, ruleText: `Path(\`/${name}\`)` });
      return child;
    };
    const routers = table([router("top", { service: "first" }), router("other")]);
    routers.services = {
      ...services,
      first: { type: "routers", routers: [below("x", "b"), below("y", "second")] },
      second: { type: "routers", routers: [below("z", "split"), below("again", "first")] },
    };
    expect(routesTable(routers)).toEqual([
      "ENTRY POINT  RULE               SERVICE                           PRIORITY",
      "web          PathPrefix(`/`)    default-a-80                      1",
      "web          PathPrefix(`/`)    the routes below it               1",
      "             └ Path(`/x`)       default-b-80                      1",
      "             └ Path(`/y`)       the routes below it               1",
      "             └└ Path(`/z`)      3× default-a-80, 1× default-b-80  1",
      "             └└ Path(`/again`)  the routes below it               1",
    ]);
  });

  it("shows what stands below several routes once: of two at each of thirty levels there are a thousand million ways", () => {
    const { entryPoints: _, tls: __, ...child } = router("either");
    const levels = Array.from({ length: 30 }, (_, level) => {
      const service = level === 29 ? "a" : `level-${level + 1}`;
      const routers = ["x", "y"].map((tieBreaker) => ({ ...child, tieBreaker, service }));
      return [`level-${level}`, { type: "routers" as const, routers }] as const;
    });
    const lattice = table([router("top", { service: "level-0" })]);
    lattice.services = { ...services, ...Object.fromEntries(levels) };
    expect(routesTable(lattice)).toHaveLength(1 + 1 + 30 * 2);
  });
});

describe("routesTable, of TCP and UDP", () => {
  const balancer = (endpoints: string) => ({ type: "loadBalancer" as const, endpoints });
  const tcp = (name: string, overrides: Partial<TcpRouter> = {}): TcpRouter => ({
    name,
    entryPoints: ["mongo"],
    rule: { type: "any" },
    ruleText: "HostSNI(`*`)",
    priority: -1,
    tieBreaker: name,
    middlewares: [],
    service: "a",
    ...overrides,
  });
  const streams: Table = {
    ...table([router("http")]),
    relayEntryPoints: {
      mongo: { protocol: "tcp", host: "", port: 27017 },
      dns: { protocol: "udp", host: "", port: 53 },
    },
    tcpRouters: [
      tcp("plain"),
      tcp("ended", { ruleText: "HostSNI(`a`)", priority: 12, tls: { passthrough: false }, service: "split" }),
      tcp("passed", { ruleText: "HostSNI(`b`)", priority: 12, tls: { passthrough: true }, service: "unavailable" }),
      tcp("shut", { priority: 99, closedBy: "middleware-not-found" }),
    ],
    tcpServices: {
      a: balancer("default-a-27017"),
      split: {
        type: "weighted",
        children: [
          { service: "a", weight: 3 },
          { service: "circle", weight: 1 },
        ],
      },
      circle: {
        type: "weighted",
        children: [
          { service: "circle", weight: 1 },
          { service: "a", weight: 0 },
        ],
      },
      unavailable: { type: "weighted", children: [] },
    },
    udpRouters: [{ name: "dns", entryPoints: ["dns"], tieBreaker: "dns", service: "r" }],
    udpServices: { r: balancer("default-r-53-udp") },
  };

  it("comes behind HTTP, by entry point, then as they are tried", () => {
    expect(routesTable(streams)).toEqual([
      "ENTRY POINT                      RULE             SERVICE                                                 PRIORITY",
      "web                              PathPrefix(`/`)  default-a-80                                            1",
      "mongo (tcp)                      HostSNI(`*`)     closed: middleware-not-found                            99",
      "mongo (tcp, tls)                 HostSNI(`a`)     3× default-a-27017, 1× (1× circle, 0× default-a-27017)  12",
      "mongo (tcp, tls passed through)  HostSNI(`b`)     nobody: it is closed                                    12",
      "mongo (tcp)                      HostSNI(`*`)     default-a-27017                                         -1",
      "dns (udp)                                         default-r-53-udp",
    ]);
  });
});

describe("formatTable", () => {
  it("makes one line of each row and shortens long cells", () => {
    expect(formatTable([["a\n  b", "cccccccc"], ["d"]], 5)).toEqual(["a b  cccc…", "d"]);
    expect(formatTable([])).toEqual([]);
  });
});
