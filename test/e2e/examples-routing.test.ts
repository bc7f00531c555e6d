import { describe, expect, it } from "vitest";
import { examples, runExample } from "./run-example.ts";
import { type SendOptions, servedBy, whoamiLine } from "./send.ts";

/** The manifests of an example whose folder has a static configuration beside them. */
const configOf = (example: string) => ({ config: `${examples}/${example}/traefik.yaml` });

it("header-and-query: header, parameter and method choose the service", async () => {
  const { ask } = await runExample("header-and-query");
  const cases: { path?: string; options?: SendOptions; service: string }[] = [
    { service: "stable" },
    { options: { headers: { "X-Channel": "beta" } }, service: "beta" },
    { options: { headers: { "X-Channel": "alpha" } }, service: "stable" },
    { path: "/?channel=beta", service: "beta" },
    { path: "/?channel=alpha", service: "stable" },
    { options: { method: "POST", body: "x" }, service: "writer" },
    { options: { headers: { "User-Agent": "examplebot/1.0" } }, service: "for-bots" },
  ];
  for (const { path = "/", options = {}, service } of cases) {
    const answer = await ask("beta.example.com", path, options);
    expect(servedBy(answer, ["beta", "writer", "for-bots", "stable"]), JSON.stringify({ path, options })).toBe(service);
  }
});

it("canary-by-request: a cookie, a country, a share of users, and an Ingress with a rule choose the version", async () => {
  const { ask } = await runExample("canary-by-request");
  const shop = async (headers: Record<string, string>) =>
    servedBy(await ask("shop.example.com", "/", { headers }), ["shop-next", "shop"]);
  expect(await shop({})).toBe("shop");
  expect(await shop({ Cookie: "beta=yes" })).toBe("shop-next");
  expect(await shop({ Cookie: "beta=no" })).toBe("shop");
  expect(await shop({ "CF-IPCountry": "NZ" })).toBe("shop-next");
  const users = Array.from({ length: 60 }, (_, index) => `user=${index}`);
  const versions = await Promise.all(users.map((Cookie) => shop({ Cookie })));
  expect(new Set(versions)).toEqual(new Set(["shop", "shop-next"]));
  expect(await Promise.all(users.map((Cookie) => shop({ Cookie })))).toEqual(versions);
  const help = async (headers: Record<string, string>) =>
    servedBy(await ask("help.example.com", "/", { headers }), ["help-next", "help"]);
  expect(await help({})).toBe("help");
  expect(await help({ "X-Canary": "always" })).toBe("help-next");
});

it("multi-layer-routing: who the top has found out chooses the route below, which nobody can pretend", async () => {
  const { ask, dev } = await runExample("multi-layer-routing");
  expect(dev.problems()).toEqual([]);
  const as = async (user: string, path = "/", more: Record<string, string> = {}) => {
    const headers = { Authorization: `Basic ${btoa(`${user}:secret`)}`, ...more };
    const answer = await ask("shop.example.com", path, { headers });
    return answer.status === 200 ? servedBy(answer, ["shop-next", "shop", "orders"]) : answer.status;
  };
  expect((await ask("shop.example.com", "/", { headers: { "X-User": "tom" } })).status).toBe(401);
  expect(await as("ann")).toBe("shop");
  expect(await as("ann", "/", { "X-User": "tom" })).toBe("shop");
  expect(await as("tom")).toBe("shop-next");
  expect(await as("sue", "/office/orders/7")).toBe("orders");
  expect(await as("sue", "/orders/7")).toBe("shop");
  expect(await as("ann", "/office/orders/7")).toBe(404);
  const headers = { Authorization: `Basic ${btoa("sue:secret")}` };
  const { body } = await ask("shop.example.com", "/office/orders/7?x=1", { headers });
  expect(body).toContain("GET /orders/7?x=1");
});

it("priorities: the longer rule wins, and a priority wins over length", async () => {
  const { ask } = await runExample("priorities");
  const cases = {
    "/api/v1/users": "api",
    "/api/v2/users": "v2",
    "/api/v2/reports": "maintenance",
    "/reports": "maintenance",
  };
  for (const [path, service] of Object.entries(cases)) {
    expect(servedBy(await ask("priorities.example.com", path), ["api", "v2", "maintenance"]), path).toBe(service);
  }
});

describe("two-controllers", () => {
  const services = ["edge", "internal", "data"];

  it("with its configuration: the class and the label are both needed", async () => {
    const { ask, dev } = await runExample("two-controllers/manifests", configOf("two-controllers"));
    expect(servedBy(await ask("two.example.com"), services)).toBe("edge");
    expect((await ask("data.example.com")).status).toBe(404);
    expect(dev.problems()).toEqual([]);
  });

  it("without: only routes of no class", async () => {
    const { ask } = await runExample("two-controllers/manifests");
    expect(servedBy(await ask("two.example.com"), services)).toBe("internal");
    expect((await ask("data.example.com")).status).toBe(404);
  });
});

describe("cross-namespace", () => {
  it("allowed: the service and the guard of other namespaces are used", async () => {
    const { ask, dev } = await runExample("cross-namespace/manifests", configOf("cross-namespace"));
    const answer = await ask("cross.example.com");
    expect(servedBy(answer, ["billing"])).toBe("billing");
    expect(whoamiLine(answer.body, "X-Tenant")).toBe("acme");
    expect(dev.problems()).toEqual([]);
  });

  it("not allowed: the route is closed, and a problem says so for each reference", async () => {
    const { ask, dev } = await runExample("cross-namespace/manifests");
    expect((await ask("cross.example.com")).status).toBe(503);
    expect(dev.problems().map(({ code, location }) => [code, location?.line])).toEqual([
      ["cross-namespace-reference", 13],
      ["cross-namespace-reference", 16],
    ]);
  });
});

describe("external-name", () => {
  it("allowed: the name outside is asked directly, under its own name", async () => {
    const { dev } = await runExample("external-name/manifests", configOf("external-name"));
    expect(dev.problems()).toEqual([]);
    const { routers, services, endpoints } = dev.table();
    const service = services[routers[0]?.service ?? ""];
    expect(service).toMatchObject({
      type: "loadBalancer",
      scheme: "https",
      transport: "direct",
      passHostHeader: false,
    });
    expect(Object.values(endpoints)).toEqual([
      { endpoints: [{ address: "www.example.com", port: 443, state: "ready" }] },
    ]);
  });

  it("not allowed: the route answers 503, and a problem says why", async () => {
    const { ask, dev } = await runExample("external-name/manifests");
    expect((await ask("external.example.com")).status).toBe(503);
    expect(dev.problems().map(({ code }) => code)).toEqual(["external-name-not-allowed"]);
  });
});
