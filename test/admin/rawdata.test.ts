import { expect, it } from "vitest";
import { toRawData } from "../../src/admin/rawdata.ts";
import type { ChildRouter } from "../../src/table/router.ts";
import { hostRule, makeLoadBalancer, makeRouter, makeTable } from "../snapshot/make-table.ts";

const child = (name: string, service: string, change: Partial<ChildRouter> = {}): ChildRouter => ({
  name,
  rule: { type: "path", path: `/${name}` },
  ruleText: `Path(\`/${name}\`)`,
  priority: 9,
  tieBreaker: name,
  middlewares: [],
  service,
  ...change,
});

it("routers below routers are shown with their parents, also where a circle was published", () => {
  const table = {
    ...makeTable([
      makeRouter("one", hostRule("a.com"), { service: "below" }),
      makeRouter("two", hostRule("b.com"), { service: "below" }),
    ]),
    services: {
      app: makeLoadBalancer("app"),
      below: {
        type: "routers" as const,
        routers: [child("low", "app", { middlewares: ["m"], closedBy: "middleware-not-found" }), child("mid", "deep")],
      },
      deep: { type: "routers" as const, routers: [child("low", "app"), child("mid", "deep")] },
    },
    middlewares: { m: { type: "addPrefix" as const, prefix: "/x" } },
  };
  const { routers, services, middlewares } = toRawData(table);
  expect(Object.keys(routers)).toEqual(["one", "two", "low", "mid"]);
  expect(routers.low).toEqual({
    middlewares: ["m"],
    service: "app",
    rule: "Path(`/low`)",
    priority: 9,
    status: "disabled",
    error: ["closed by middleware-not-found"],
    parentRefs: ["one", "two", "mid"],
  });
  expect(routers.mid).toMatchObject({ status: "enabled", parentRefs: ["one", "two", "mid"] });
  expect(routers.one).toMatchObject({ entryPoints: ["web"], using: ["web"], service: "below" });
  expect(services.below).toEqual({
    type: "routers",
    routers: ["low", "mid"],
    status: "enabled",
    usedBy: ["one", "two"],
  });
  expect(services.app?.usedBy).toEqual(["low"]);
  expect(middlewares.m?.usedBy).toEqual(["low"]);
});
