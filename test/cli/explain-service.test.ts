import { describe, expect, it } from "vitest";
import { describeMatcher, describeValue } from "../../cli/explain/describe-matcher.ts";
import { formatChecks } from "../../cli/explain/format-checks.ts";
import { formatService } from "../../cli/explain/format-service.ts";
import { serviceTree } from "../../cli/explain/service-tree.ts";
import type { Check } from "../../src/router/explain-match.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Service } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";

const balancer = (endpoints: string, rest: Partial<Extract<Service, { type: "loadBalancer" }>> = {}): Service => ({
  type: "loadBalancer",
  endpoints,
  scheme: "http",
  passHostHeader: true,
  transport: "gateway",
  ...rest,
});
const weighted = (children: Record<string, number>): Service => ({
  type: "weighted",
  children: Object.entries(children).map(([service, weight]) => ({ service, weight })),
});
const up = { endpoints: [{ address: "10.0.0.1", port: 80, state: "ready" as const }] };
const cookie = { name: "pod", path: "/", secure: false, httpOnly: false, maxAge: 0 };

const table: Table = {
  ...emptyTable(),
  services: {
    up: balancer("up"),
    down: balancer("down"),
    left: balancer("left"),
    ip: balancer("ip"),
    sticky: balancer("up", { sticky: cookie }),
    told: balancer("up", { sticky: { ...cookie, name: "x-pod", inHeader: true, idleTimeoutMs: 1_000 } }),
    split: weighted({ up: 1, left: 2, zero: 0 }),
    partly: weighted({ up: 1, down: 3 }),
    nobody: weighted({ down: 1, gone: 3 }),
    nested: weighted({ split: 1, up: 1 }),
    mirrored: {
      type: "mirroring",
      service: "up",
      mirrorBody: true,
      maxBodySize: -1,
      mirrors: [{ service: "ip", percent: 20 }],
    },
    either: { type: "failover", service: "up", fallback: "left" },
    over: { type: "failover", service: "down", fallback: "up" },
    neither: { type: "failover", service: "down", fallback: "down" },
    behind: { type: "filtered", middlewares: ["m1", "m2"], service: "up" },
    zero: { type: "status", status: 500 },
    loop: weighted({ loop: 1, up: 1 }),
  },
  endpoints: { up, down: { endpoints: [] }, ip: { endpoints: [], clusterIp: { address: "fd00::1", port: 80 } } },
};

const lines = (name: string, sent: string | null = null) =>
  formatService(serviceTree(name, { table, header: () => sent, now: 0, leftToCluster: new Set(["left"]) }))
    .filter((line) => !line.includes("endpoints"))
    .map((line) => line.replaceAll("  ", " ").trim());

describe("the odds of a service", () => {
  it.each([
    ["split", ["33.33 % (weight 1) up", "66.67 % (weight 2) left", "0 % (weight 0) zero"]],
    ["partly", ["100 % (weight 1) up", "0 % (weight 3) down"]],
    ["nobody", ["25 % (weight 1) down", "75 % (weight 3) gone"]],
    ["mirrored", ["main 100 % up", "mirror 20 % ip"]],
    ["either", ["main 100 % up", "fallback 0 % left"]],
    ["over", ["main 0 % down", "fallback 100 % up"]],
    ["neither", ["main 100 % down", "fallback 0 % down"]],
    ["loop", ["50 % (weight 1) loop", "50 % (weight 1) up"]],
  ])("%s", (name, children) => {
    const names = lines(name).slice(1);
    expect(names.map((line) => line.replace(/ (loadBalancer|answers \d+|does not exist|cannot serve).*$/, ""))).toEqual(
      children,
    );
  });

  it("multiplies down the tree", () => {
    expect(lines("nested")).toContain("16.67 % (weight 1) up loadBalancer");
  });

  it.each([
    ["up", "100 % up loadBalancer"],
    ["ip", "100 % ip loadBalancer"],
    ["left", "100 % left loadBalancer"],
    ["down", "100 % down loadBalancer cannot serve"],
    ["neither", "100 % neither failover cannot serve"],
    ["nobody", "100 % nobody weighted cannot serve"],
    ["zero", "100 % zero answers 500"],
    ["absent", "100 % absent does not exist cannot serve"],
  ])("says whether %s can serve", (name, first) => expect(lines(name)[0]).toBe(first));

  it("names what stands before a service, and the cookie of its Pods", () => {
    expect(lines("behind")[1]).toBe("behind m1, m2");
    expect(lines("sticky")[1]).toBe("sticky by the cookie pod, by which the gateway finds the Pod");
    expect(lines("sticky", "pod=x")[1]).toMatch(/; the request sends x$/);
    expect(lines("told", "x.0.0")[1]).toMatch(/^sticky by the header x-pod, .*; the request sends x$/);
  });

  it("lists endpoints, and the last resort", () => {
    const [, of] = formatService(serviceTree("ip", { table, header: () => null, now: 0, leftToCluster: new Set() }));
    expect(of).toBe("  endpoints ip: [fd00::1]:80 as the last resort");
  });
});

describe("matchers", () => {
  it.each([
    [{ type: "host", host: "a.com" }, "Host(`a.com`)"],
    [{ type: "hostWildcard", suffix: "a.com", deep: true }, "Host(`*.a.com`), at any depth"],
    [{ type: "pathPrefix", path: "/a", segments: true }, "PathPrefix(`/a`), in whole elements"],
    [{ type: "header", name: "X", value: "" }, "header X "],
  ] as const)("%j is written %s", (matcher, text) => expect(describeMatcher(matcher)).toBe(text));

  it.each([
    [{ type: "host", host: "a.com" }, null, "the request has no host"],
    [{ type: "header", name: "X", value: "1" }, null, "there is no header X"],
    [{ type: "queryRegexp", key: "k", regexp: "." }, "1, 2", "k is 1, 2"],
    [{ type: "clientIp", cidr: "::1" }, "10.0.0.1", "the client is 10.0.0.1"],
    [{ type: "any" }, null, "takes every request"],
  ] as const)("%j of %j: %s", (matcher, value, text) => expect(describeValue(matcher, value)).toBe(text));

  const path = (value: string, ok: boolean): Check => ({
    type: "matcher",
    ok,
    matcher: { type: "path", path: value },
    value: "/a",
  });

  it("turns what stands under a `!` around", () => {
    const check: Check = {
      type: "not",
      ok: false,
      checks: [{ type: "or", ok: true, checks: [path("/a", true), path("/b", false)] }],
    };
    expect(formatChecks(check)).toEqual([
      "✗ all of",
      "✗   !Path(`/a`)  the path is /a",
      "✓   !Path(`/b`)  the path is /a",
    ]);
  });

  it("shows of a rule only what failed", () => {
    const either: Check = { type: "or", ok: false, checks: [path("/b", false), path("/c", false)] };
    const check: Check = { type: "and", ok: false, checks: [path("/a", true), either] };
    expect(formatChecks(check, undefined, "failed")).toEqual([
      "✗ one of",
      "✗   Path(`/b`)  the path is /a",
      "✗   Path(`/c`)  the path is /a",
    ]);
  });
});
