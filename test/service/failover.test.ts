import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import type { HopFailure } from "../../src/hop/hop.ts";
import type { Service } from "../../src/table/service.ts";
import { balancer, bytes, countedBody, createHarness, down, failWith, readAll } from "./service-harness.ts";

const services: Record<string, Service> = {
  main: balancer("main"),
  spare: balancer("spare"),
  last: balancer("last"),
  f: { type: "failover", service: "main", fallback: "spare" },
  nested: { type: "failover", service: "f", fallback: "last" },
};

/** Reads a number of chunks of the body, and then fails as the gateway does. */
const failAfter = (chunks: number, failure: HopFailure) => async (exchange: Exchange) => {
  const reader = bodyOf(exchange)?.getReader();
  for (let read = 0; read < chunks; read++) await reader?.read();
  await reader?.cancel();
  return failWith(exchange, failure);
};

describe("a failover", () => {
  it("asks the main service as long as that answers, whatever it answers", async () => {
    const harness = createHarness({ services, send: { main: () => new Response("no", { status: 500 }) } });
    expect((await harness.ask("f")).status).toBe(500);
    expect(harness.counted).toEqual([]);
  });

  it("asks the fallback when the main service cannot serve", async () => {
    const harness = createHarness({ services, endpoints: { main: down } });
    expect(await (await harness.ask("f", { body: "hello" })).text()).toBe("spare");
    expect(await harness.sent[0]?.body).toBe("hello");
    expect(harness.counted).toEqual(["failed-over f"]);
  });

  it.each(["unreachable", "no-endpoint"] as const)("asks the fallback when the main service is %s", async (failure) => {
    const harness = createHarness({ services, send: { main: (exchange) => failWith(exchange, failure) } });
    const exchange = harness.exchangeOf({});
    const response = await harness.service("f").handle(exchange);
    expect([response.status, await response.text()]).toEqual([200, "spare"]);
    expect(exchange.failure).toBeUndefined();
  });

  it.each(["broken", "timeout", "unauthorized", "unknown-service"] as const)(
    "answers the failure when it is %s",
    async (failure) => {
      const harness = createHarness({ services, send: { main: (exchange) => failWith(exchange, failure) } });
      const exchange = harness.exchangeOf({});
      expect((await harness.service("f").handle(exchange)).status).toBe(502);
      expect(exchange.failure).toBe(failure);
    },
  );

  it("does not show the fallback what the first try changed", async () => {
    const harness = createHarness({
      services: {
        ...services,
        edited: { type: "filtered", middlewares: ["edit"], service: "main" },
        f: { type: "failover", service: "edited", fallback: "spare" },
      },
      middlewares: {
        edit: (next) => (exchange) => {
          exchange.headers.set("x-edited", "1");
          exchange.path = "/edited";
          return next(exchange);
        },
      },
      send: { main: (exchange) => failWith(exchange, "unreachable") },
    });
    await harness.ask("f", { path: "/x" });
    const { exchange } = harness.sent[1] ?? {};
    expect([exchange?.path, exchange?.headers.get("x-edited")]).toEqual(["/x", null]);
  });

  it("goes from fallback to fallback", async () => {
    const fail = (exchange: Exchange) => failWith(exchange, "unreachable");
    const harness = createHarness({ services, send: { main: fail, spare: fail } });
    expect(await (await harness.ask("nested", { body: "hello" })).text()).toBe("last");
    expect(await harness.sent[2]?.body).toBe("hello");
  });

  it("can serve as long as one of the two can", () => {
    const can = (endpoints: Record<string, typeof down>) => {
      const harness = createHarness({ services, endpoints });
      return harness.service("f").canServe(harness.exchangeOf({}));
    };
    expect([can({}), can({ main: down }), can({ spare: down }), can({ main: down, spare: down })]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe("a request with a body that fails over", () => {
  it.each([0, 1, 2, 3])("arrives whole after %i chunks were read", async (chunks) => {
    const harness = createHarness({ services, send: { main: failAfter(chunks, "unreachable") } });
    const body = countedBody([bytes(100, 65), bytes(100, 66)]).stream;
    expect(await (await harness.ask("f", { body })).text()).toBe("spare");
    expect(await harness.sent[1]?.body).toBe("A".repeat(100) + "B".repeat(100));
  });

  it("is answered with the failure when more was read than is kept", async () => {
    const harness = createHarness({ services, send: { main: failAfter(2, "unreachable") } });
    const body = countedBody([bytes(40_000), bytes(40_000), bytes(1)]).stream;
    expect((await harness.ask("f", { body })).status).toBe(502);
    expect(harness.sent).toHaveLength(1);
  });

  it("reaches a main service that works without delay and whole", async () => {
    const main = async (exchange: Exchange) => {
      const body = bodyOf(exchange);
      return new Response(String(body === null ? 0 : (await readAll(body)).byteLength));
    };
    const harness = createHarness({ services, send: { main } });
    const body = countedBody(Array(20).fill(bytes(10_000))).stream;
    expect(await (await harness.ask("f", { body })).text()).toBe("200000");
  });
});

describe("a failover on statuses", () => {
  const withErrors = (status: string[], maxBodyBytes = 16): Record<string, Service> => ({
    ...services,
    f: { type: "failover", service: "main", fallback: "spare", errors: { status, maxBodyBytes } },
  });
  const answerAfterReading = (status: number, chunks: number) => async (exchange: Exchange) => {
    const reader = bodyOf(exchange)?.getReader();
    for (let read = 0; read < chunks; read++) await reader?.read();
    await reader?.cancel();
    return new Response("main", { status });
  };

  it.each([
    [["500-599"], 500, "spare"],
    [["500-599"], 599, "spare"],
    [["404", "502-503"], 404, "spare"],
    [["404", "502-503"], 501, "main"],
    [["500-599"], 200, "main"],
    [[], 500, "main"],
  ])("%j: %d is answered by %s", async (status, answered, expected) => {
    const harness = createHarness({ services: withErrors(status), send: { main: answerAfterReading(answered, 0) } });
    expect(await (await harness.ask("f")).text()).toBe(expected);
    expect(harness.counted).toEqual(expected === "spare" ? ["failed-over f"] : []);
  });

  it.each(["broken", "timeout"] as const)("takes a failure of the last hop by its status: %s", async (failure) => {
    const harness = createHarness({
      services: withErrors(["502"]),
      send: { main: (exchange) => failWith(exchange, failure) },
    });
    const exchange = harness.exchangeOf({});
    expect(await (await harness.service("f").handle(exchange)).text()).toBe("spare");
    expect(exchange.failure).toBeUndefined();
  });

  it("shows the fallback the body that the main service has read", async () => {
    const harness = createHarness({ services: withErrors(["500"]), send: { main: answerAfterReading(500, 2) } });
    const { stream } = countedBody([bytes(8, 1), bytes(8, 2), bytes(8, 3)]);
    expect(await (await harness.ask("f", { body: stream })).text()).toBe("spare");
    expect((await harness.sent[1]?.body)?.length).toBe(24);
  });

  it("leaves the main service's answer where more was read than is kept", async () => {
    const harness = createHarness({ services: withErrors(["500"], 15), send: { main: answerAfterReading(500, 2) } });
    const { stream } = countedBody([bytes(8), bytes(8), bytes(8)]);
    const response = await harness.ask("f", { body: stream });
    expect([response.status, await response.text(), harness.sent.length]).toEqual([500, "main", 1]);
  });

  it("throws the main service's answer away", async () => {
    const { stream, state } = countedBody([bytes(8)]);
    const harness = createHarness({
      services: withErrors(["500"]),
      send: { main: () => new Response(stream, { status: 500 }) },
    });
    await harness.ask("f");
    expect(state.cancelled).toBe(true);
  });

  it("goes on when the main service's answer breaks off", async () => {
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
    const main = () => new Response(broken, { status: 500 });
    const harness = createHarness({ services: withErrors(["500"]), send: { main } });
    expect(await (await harness.ask("f")).text()).toBe("spare");
  });

  it("leaves the main service's answer where there is no fallback that can serve", async () => {
    const harness = createHarness({
      services: withErrors(["500"]),
      endpoints: { spare: down },
      send: { main: answerAfterReading(500, 0) },
    });
    expect((await harness.ask("f")).status).toBe(500);
  });
});
