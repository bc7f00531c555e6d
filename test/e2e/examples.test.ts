import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { translateManifests } from "../../cli/check/translate-manifests.ts";
import { factories } from "../../src/middleware/registry.ts";
import type { LoadBalancer, Service } from "../../src/table/service.ts";
import { examples, runExample } from "./run-example.ts";
import { servedBy, whoamiLine } from "./send.ts";

/** The examples by the file that tests them. */
const tested = {
  "access-log.test.ts": ["access-log"],
  "examples.test.ts": ["canary", "failover", "ingress", "mirror", "path-and-host", "sticky"],
  "examples-access.test.ts": [
    "auth",
    "buffering",
    "client-certificate",
    "content-type",
    "encoded-characters",
    "errors",
    "forward-auth",
    "ip-allow-list",
    "jwt",
  ],
  "examples-backend-tls.test.ts": ["backend-tls"],
  "examples-guards.test.ts": ["circuit-breaker", "in-flight-req", "retry"],
  "examples-gateway-api.test.ts": ["gateway-api-filters", "session-persistence", "timeouts-and-retry"],
  "examples-grpc.test.ts": ["grpc", "grpc-web"],
  "examples-middlewares.test.ts": [
    "add-prefix",
    "chain",
    "compress",
    "cors",
    "headers",
    "redirect",
    "replace-path",
    "strip-prefix",
  ],
  "examples-routing.test.ts": [
    "canary-by-request",
    "cross-namespace",
    "external-name",
    "header-and-query",
    "multi-layer-routing",
    "priorities",
    "two-controllers",
  ],
  "examples-services.test.ts": ["failover-status", "health-check", "ramp", "sticky-header", "strategies"],
  "examples-streams.test.ts": ["tcp-mysql", "tcp-tls-mongo", "udp-dns"],
  "rate-limit.test.ts": ["rate-limit"],
};

it("every example has a test", async () => {
  expect((await readdir(examples)).sort()).toEqual(Object.values(tested).flat().sort());
  for (const [file, names] of Object.entries(tested)) {
    const text = await readFile(`test/e2e/${file}`, "utf8");
    for (const name of names) expect(text).toMatch(new RegExp(`run(?:Example|WithConfig)\\("${name}["/]`));
  }
});

/** All but the answer in place of a service that is none. */
const kindsOfService: Record<Exclude<Service["type"], "status">, true> = {
  loadBalancer: true,
  weighted: true,
  mirroring: true,
  failover: true,
  filtered: true,
  routers: true,
};
const strategies: Record<NonNullable<LoadBalancer["strategy"]>, true> = {
  p2c: true,
  hrw: true,
  leasttime: true,
  drr: true,
};

it("every middleware, kind of service and strategy has an example", async () => {
  const shown = new Set<string>();
  for (const name of await readdir(examples)) {
    const entries = await readdir(`${examples}/${name}`);
    const dir = `${examples}/${name}${entries.includes("manifests") ? "/manifests" : ""}`;
    const config = entries.includes("traefik.yaml") ? { config: `${examples}/${name}/traefik.yaml` } : {};
    const { table } = await translateManifests({ dir, ...config });
    for (const { type } of Object.values(table.middlewares)) shown.add(type);
    for (const service of Object.values(table.services)) {
      shown.add(service.type);
      if ("strategy" in service) shown.add(`${service.strategy}`);
    }
  }
  const named = [...Object.keys(factories), ...Object.keys(kindsOfService), ...Object.keys(strategies)];
  expect(named.filter((name) => !shown.has(name))).toEqual([]);
});

it("canary: three of four visits go to appv1", async () => {
  const { ask } = await runExample("canary");
  const served: string[] = [];
  for (let i = 0; i < 8; i++) served.push(servedBy(await ask("canary.example.com"), ["appv1", "appv2"]));
  for (let i = 0; i + 4 <= served.length; i++) {
    expect(served.slice(i, i + 4).filter((name) => name === "appv1")).toHaveLength(3);
  }
  expect((await ask("other.example.com")).status).toBe(404);
});

it("mirror: v1 answers", async () => {
  const { ask } = await runExample("mirror");
  for (let i = 0; i < 4; i++) expect(servedBy(await ask("mirror.example.com"), ["v1", "v2"])).toBe("v1");
});

it("sticky: a visitor stays with the service and the Pod of the first visit", async () => {
  const { ask } = await runExample("sticky");
  const services = ["myapp0", "myapp1", "myapp2"];
  for (let visitor = 0; visitor < 4; visitor++) {
    const first = await ask("sticky.example.com");
    expect(["myapp1", "myapp2"]).toContain(servedBy(first, services));
    const cookies = (first.headers["set-cookie"] ?? []).map((line) => line.split(";")[0]);
    expect(cookies.map((cookie) => cookie?.split("=")[0]).sort()).toEqual(["lvl1", "lvl2"]);
    for (let i = 0; i < 3; i++) {
      const again = await ask("sticky.example.com", "/", { headers: { Cookie: cookies.join("; ") } });
      expect(whoamiLine(again.body, "Hostname")).toBe(whoamiLine(first.body, "Hostname"));
      expect(again.headers["set-cookie"]).toBeUndefined();
    }
  }
  const drained = await ask("sticky.example.com", "/", { headers: { Cookie: "lvl1=default-myapp0-80" } });
  expect(servedBy(drained, services)).toBe("myapp0");
});

it("failover: green answers while blue has no Pod", async () => {
  const { ask } = await runExample("failover");
  expect(servedBy(await ask("failover.example.com"), ["blue", "green"])).toBe("green");
});

describe("path-and-host", () => {
  it("splits a host by whole path elements, and adds a header", async () => {
    const { ask } = await runExample("path-and-host");
    const services = ["api", "frontend"];
    const toApi = await ask("app.example.com", "/api/users");
    expect(servedBy(toApi, services)).toBe("api");
    expect(whoamiLine(toApi.body, "X-Routed-To")).toBe("api");
    expect(servedBy(await ask("app.example.com", "/api"), services)).toBe("api");
    expect(servedBy(await ask("app.example.com", "/apis"), services)).toBe("frontend");
    expect((await ask("nobody.example.com")).status).toBe(404);
  });
});

describe("ingress", () => {
  it("routes by path, with a Middleware by annotation, and reads Ingresses of 2018", async () => {
    const { ask } = await runExample("ingress");
    const services = ["shop", "api", "demo"];
    expect(servedBy(await ask("shop.example.com", "/cart"), services)).toBe("shop");
    const toApi = await ask("shop.example.com", "/api/cart");
    expect(servedBy(toApi, services)).toBe("api");
    expect(toApi.body).toMatch(/^GET \/cart HTTP/m);
    expect(whoamiLine(toApi.body, "X-Forwarded-Prefix")).toBe("/api");
    const demo = await ask("demo.example.com");
    expect(servedBy(demo, services)).toBe("demo");
    expect(whoamiLine(demo.body, "Host")).toBe("demo.example.com");
  });
});
