import { describe, expect, it } from "vitest";
import { collectReferences } from "../../src/snapshot/collect-references.ts";
import { plan } from "../../src/snapshot/plan.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { Service } from "../../src/table/service.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { minimalOptions } from "../middleware/minimal-options.ts";

const balancer = (endpoints: string): Service => ({
  type: "loadBalancer",
  endpoints,
  scheme: "http",
  passHostHeader: true,
  transport: "gateway",
});
const services: Record<string, Service> = {
  app: { type: "filtered", middlewares: ["pages"], service: "split" },
  split: { type: "weighted", children: [{ service: "one", weight: 1 }] },
  one: balancer("one"),
  auth: { type: "failover", service: "authOne", fallback: "authTwo" },
  authOne: balancer("auth-one"),
  authTwo: { type: "filtered", middlewares: ["limit"], service: "gone" },
  pages: {
    type: "mirroring",
    service: "one",
    mirrors: [{ service: "shadow", percent: 1 }],
    mirrorBody: true,
    maxBodySize: -1,
  },
  shadow: balancer("shadow"),
  unused: balancer("unused"),
  below: {
    type: "routers",
    routers: [
      {
        name: "child",
        rule: { type: "any" },
        ruleText: "",
        priority: 1,
        tieBreaker: "1",
        middlewares: ["pages", "nowhere"],
        service: "split",
      },
    ],
  },
};
const middlewares: Record<string, Middleware> = {
  all: { type: "chain", middlewares: ["auth", "all", "missing"] },
  auth: { ...minimalOptions.forwardAuth, service: "auth" },
  pages: { ...minimalOptions.errors, service: "pages" },
  limit: minimalOptions.buffering,
  token: minimalOptions.jwt,
};
const router = { service: "app", middlewares: ["all", "token"] };

describe("what a router refers to", () => {
  it("is found over services and middlewares, circles and missing names included", () => {
    const found = collectReferences(
      { service: (name) => services[name], middleware: (name) => middlewares[name] },
      router,
    );
    expect([...found.services].sort()).toEqual([
      "app",
      "auth",
      "authOne",
      "authTwo",
      "gone",
      "one",
      "pages",
      "shadow",
      "split",
    ]);
    expect([...found.middlewares].sort()).toEqual(["all", "auth", "limit", "missing", "pages", "token"]);
  });

  it("is found through the routers below it", () => {
    const found = collectReferences(
      { service: (name) => services[name], middleware: (name) => middlewares[name] },
      { service: "below", middlewares: [] },
    );
    expect([...found.services].sort()).toEqual(["below", "one", "pages", "shadow", "split"]);
    expect([...found.middlewares].sort()).toEqual(["nowhere", "pages"]);
  });

  it("lies in its leaf", () => {
    const rule = { type: "host", host: "a.com" } as const;
    const desired = {
      ...emptyTable(),
      routers: [
        { ...router, name: "r", entryPoints: ["web"], tls: false, priority: 1, rule, ruleText: "", tieBreaker: "r" },
      ],
      services,
      middlewares,
    };
    const { writes } = plan({ desired, publisher: "test", hash: contentHash });
    const leaves = [...writes].filter(([key]) => key.startsWith("leaf/")).map(([, text]) => JSON.parse(text));
    const leaf = leaves.find((one) => "routers" in one);
    expect(Object.keys(leaf.services)).toEqual([
      "app",
      "auth",
      "authOne",
      "authTwo",
      "one",
      "pages",
      "shadow",
      "split",
    ]);
    expect(Object.keys(leaf.middlewares)).toEqual(["all", "auth", "limit", "pages", "token"]);
  });
});
