import { describe, expect, it } from "vitest";
import { describeTarget } from "../../cli/print/describe-service.ts";
import { formatTable } from "../../cli/print/format-table.ts";
import { routesTable } from "../../cli/print/routes-table.ts";
import type { Service } from "../../src/table/service.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";

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
});

describe("formatTable", () => {
  it("makes one line of each row and shortens long cells", () => {
    expect(formatTable([["a\n  b", "cccccccc"], ["d"]], 5)).toEqual(["a b  cccc…", "d"]);
    expect(formatTable([])).toEqual([]);
  });
});
