import { describe, expect, it } from "vitest";
import type { Wrap } from "../../src/middleware/middleware.ts";
import type { Send } from "../../src/origin/send.ts";
import type { Service } from "../../src/table/service.ts";
import { balancer, createHarness, down } from "./service-harness.ts";

describe("a load balancer", () => {
  it.each([
    ["a ready endpoint", { endpoints: [{ address: "10.0.0.1", port: 80, state: "ready" as const }] }],
    ["an endpoint that terminates", { endpoints: [{ address: "10.0.0.1", port: 80, state: "terminating" as const }] }],
    ["only its Service's address", { endpoints: [], clusterIp: { address: "10.96.0.1", port: 80 } }],
  ])("with %s serves", async (_, endpoints) => {
    const harness = createHarness({ services: { a: balancer("a") }, endpoints: { a: endpoints } });
    expect(harness.service("a").canServe(harness.exchangeOf({}))).toBe(true);
    expect((await harness.ask("a")).status).toBe(200);
  });

  it("without endpoints answers 503 and makes no hop", async () => {
    const harness = createHarness({ services: { a: balancer("a") }, endpoints: { a: down } });
    expect(harness.service("a").canServe(harness.exchangeOf({}))).toBe(false);
    const response = await harness.ask("a");
    expect([response.status, await response.text()]).toEqual([503, "no available server"]);
    expect(harness.sent).toEqual([]);
  });

  it("needs the way that it asks for", async () => {
    const harness = createHarness({
      services: { far: balancer("far"), near: balancer("near", { transport: "direct" }) },
      context: { gateway: undefined },
    });
    expect((await harness.ask("far")).status).toBe(503);
    expect(harness.service("far").canServe(harness.exchangeOf({}))).toBe(false);
    expect((await harness.ask("near")).status).toBe(200);
  });

  it("goes through the gateway when the request is held to something, or not at all", async () => {
    const ways: string[] = [];
    const via =
      (way: string): Send =>
      async () => {
        ways.push(way);
        return new Response();
      };
    const hold: Wrap = (next) => (exchange) => {
      exchange.guards = [{ middleware: "limit", key: "" }];
      return next(exchange);
    };
    const services: Record<string, Service> = {
      near: balancer("near", { transport: "direct" }),
      held: { type: "filtered", middlewares: ["hold"], service: "near" },
    };
    const context = { gateway: via("gateway"), direct: via("direct") };
    const harness = createHarness({ services, middlewares: { hold }, context });
    await harness.ask("near");
    await harness.ask("held");
    expect(ways).toEqual(["direct", "gateway"]);
    const without = createHarness({ services, middlewares: { hold }, context: { ...context, gateway: undefined } });
    expect((await without.ask("held")).status).toBe(503);
  });
});

describe("a filtered service", () => {
  const note =
    (name: string): Wrap =>
    (next) =>
    (exchange) => {
      exchange.headers.append("x-seen", name);
      return next(exchange);
    };
  const services: Record<string, Service> = {
    a: balancer("a"),
    f: { type: "filtered", middlewares: ["m1", "m2"], service: "a" },
  };

  it("meets its middlewares in their order", async () => {
    const harness = createHarness({ services, middlewares: { m1: note("1"), m2: note("2") } });
    await harness.ask("f");
    expect(harness.sent[0]?.exchange.headers.get("x-seen")).toBe("1, 2");
    expect(harness.service("f").endpointKeys).toEqual(["a"]);
  });

  it("is closed without one of its middlewares", async () => {
    const harness = createHarness({ services, middlewares: { m1: note("1") } });
    expect((await harness.ask("f")).status).toBe(503);
    expect(harness.sent).toEqual([]);
    expect(harness.reports).toMatchObject([{ event: "service-closed", service: "f" }]);
  });
});

describe("a status service", () => {
  it.each([
    [404, "404 page not found"],
    [500, "Internal Server Error"],
    [503, "no available server"],
    [204, ""],
  ])("answers %i", async (status, text) => {
    const response = await createHarness({ services: { s: { type: "status", status } } }).ask("s");
    expect([response.status, await response.text()]).toEqual([status, text]);
  });

  it("of 503 is left out of a split, and another takes its share", async () => {
    const split = (status: number): Record<string, Service> => ({
      a: balancer("a"),
      s: { type: "status", status },
      w: {
        type: "weighted",
        children: [
          { service: "a", weight: 1 },
          { service: "s", weight: 1 },
        ],
      },
    });
    const statuses = async (status: number) => {
      const harness = createHarness({ services: split(status) });
      return [(await harness.ask("w")).status, (await harness.ask("w")).status].sort();
    };
    expect(await statuses(503)).toEqual([200, 200]);
    expect(await statuses(500)).toEqual([200, 500]);
  });
});

describe("compileServices", () => {
  it("compiles a service once, and only when asked for", () => {
    const harness = createHarness({
      services: { a: balancer("a"), broken: { type: "failover", service: "x", fallback: "y" } },
    });
    expect(harness.service("a")).toBe(harness.service("a"));
    expect(harness.reports).toEqual([]);
  });

  it.each([["nowhere"], ["toString"], ["__proto__"]])("answers 503 for %s, which is not there", async (name) => {
    const harness = createHarness({ services: { a: balancer("a") } });
    expect((await harness.ask(name)).status).toBe(503);
    expect(harness.reports).toMatchObject([{ event: "service-closed", service: name }]);
  });

  it("lets the siblings of a missing child serve", async () => {
    const harness = createHarness({
      services: {
        a: balancer("a"),
        w: {
          type: "weighted",
          children: [
            { service: "a", weight: 1 },
            { service: "nowhere", weight: 9 },
          ],
        },
      },
    });
    for (let request = 0; request < 5; request++) expect((await harness.ask("w")).status).toBe(200);
  });

  it("ends where a service contains itself", async () => {
    const harness = createHarness({
      services: {
        loop: { type: "failover", service: "inner", fallback: "a" },
        inner: { type: "weighted", children: [{ service: "loop", weight: 1 }] },
        a: balancer("a"),
      },
    });
    expect(await (await harness.ask("loop")).text()).toBe("a");
    expect(harness.reports).toMatchObject([{ event: "service-closed", service: "loop" }]);
  });
});
