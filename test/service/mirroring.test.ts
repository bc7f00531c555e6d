import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { bodyOf } from "../../src/exchange/fork-exchange.ts";
import type { Mirroring, Service } from "../../src/table/service.ts";
import {
  balancer,
  bytes,
  countedBody,
  createHarness,
  down,
  failWith,
  fixedLength,
  readAll,
} from "./service-harness.ts";

const mirrored = (change: Partial<Mirroring> = {}): Record<string, Service> => ({
  main: balancer("main"),
  copy: balancer("copy"),
  m: {
    type: "mirroring",
    service: "main",
    mirrorBody: true,
    maxBodySize: -1,
    mirrors: [{ service: "copy", percent: 100 }],
    ...change,
  },
});

const services = (harness: ReturnType<typeof createHarness>) => harness.sent.map(({ service }) => service);

describe("a mirror", () => {
  it("gets exactly half of the requests at 50 %", async () => {
    const harness = createHarness({ services: mirrored({ mirrors: [{ service: "copy", percent: 50 }] }) });
    for (let request = 0; request < 20; request++) expect(await (await harness.ask("m")).text()).toBe("main");
    await harness.settled();
    expect(services(harness).filter((service) => service === "copy")).toHaveLength(10);
    expect(harness.counted).toEqual(Array(10).fill("mirrored copy"));
  });

  it("is asked after the main service, with a mark", async () => {
    const harness = createHarness({ services: mirrored() });
    await harness.ask("m", { path: "/x" });
    await harness.settled();
    expect(services(harness)).toEqual(["main", "copy"]);
    expect(harness.sent.map(({ exchange }) => [exchange.path, exchange.mirror === true])).toEqual([
      ["/x", false],
      ["/x", true],
    ]);
  });

  it("gets the body, and a request as it was before the main service changed it", async () => {
    const harness = createHarness({
      services: { ...mirrored({ service: "f" }), f: { type: "filtered", middlewares: ["edit"], service: "main" } },
      middlewares: {
        edit: (next) => (exchange) => {
          exchange.headers.set("x-edited", "1");
          exchange.path = "/edited";
          return next(exchange);
        },
      },
    });
    await harness.ask("m", { path: "/x", body: "hello" });
    await harness.settled();
    expect(await Promise.all(harness.sent.map(({ body }) => body))).toEqual(["hello", "hello"]);
    expect(harness.sent.map(({ exchange }) => [exchange.path, exchange.headers.get("x-edited")])).toEqual([
      ["/edited", "1"],
      ["/x", null],
    ]);
  });

  it("gets no body when mirrorBody is off", async () => {
    const harness = createHarness({ services: mirrored({ mirrorBody: false }) });
    await harness.ask("m", { body: "hello", headers: { "content-length": "5" } });
    await harness.settled();
    expect(await Promise.all(harness.sent.map(({ body }) => body))).toEqual(["hello", ""]);
    expect(harness.sent[1]?.exchange.headers.get("content-length")).toBeNull();
    expect(harness.sent[0]?.exchange.headers.get("content-length")).toBe("5");
  });

  it("gets a body of a length that was said with that length, as the main service does", async () => {
    const asked: number[] = [];
    const harness = createHarness({
      services: mirrored(),
      context: {
        fixedLength(length) {
          asked.push(length);
          return fixedLength(length);
        },
      },
    });
    await harness.ask("m", { body: "hello", headers: { "content-length": "5" } });
    await harness.settled();
    expect(asked).toEqual([5, 5]);
    expect(await Promise.all(harness.sent.map(({ body }) => body))).toEqual(["hello", "hello"]);
  });

  it.each<[string, Parameters<ReturnType<typeof createHarness>["ask"]>[1], Partial<Mirroring>]>([
    ["an upgrade", { headers: { upgrade: "websocket" } }, {}],
    ["a body that says it is too large", { body: "hello", headers: { "content-length": "5" } }, { maxBodySize: 4 }],
    ["a percent of 0", {}, { mirrors: [{ service: "copy", percent: 0 }] }],
  ])("is not asked for %s", async (_, request, change) => {
    const harness = createHarness({ services: mirrored(change) });
    expect((await harness.ask("m", request)).status).toBe(200);
    await harness.settled();
    expect(services(harness)).toEqual(["main"]);
    expect(await harness.sent[0]?.body).toBe(request?.body ?? "");
  });

  it("that cannot serve is passed over", async () => {
    const harness = createHarness({ services: mirrored(), endpoints: { copy: down } });
    await harness.ask("m");
    expect(services(harness)).toEqual(["main"]);
  });
});

describe("the main request", () => {
  it.each<[string, (exchange: Exchange) => Response | Promise<Response>, string[]]>([
    ["fails", (exchange) => failWith(exchange, "unreachable"), ["mirror-failed copy"]],
    ["throws", () => Promise.reject(new Error("bug")), ["mirror-failed copy"]],
    ["answers an error", () => new Response("", { status: 500 }), ["mirrored copy"]],
    [
      "reads a part and cancels",
      async (exchange) => {
        await bodyOf(exchange)?.cancel();
        return new Response("");
      },
      ["mirrored copy"],
    ],
  ])("does not notice a mirror that %s", async (_, copy, counted) => {
    const harness = createHarness({ services: mirrored(), send: { copy } });
    const response = await harness.ask("m", { body: "hello" });
    expect(await response.text()).toBe("main");
    expect(await harness.sent.find(({ service }) => service === "main")?.body).toBe("hello");
    await harness.settled();
    expect(harness.counted).toEqual(counted);
  });

  it("is answered while a mirror still waits; the mirror ends at its deadline", async () => {
    const harness = createHarness({
      services: mirrored(),
      send: {
        copy: (exchange) =>
          new Promise((_, reject) => {
            exchange.signal?.addEventListener("abort", () => reject(exchange.signal?.reason));
          }),
      },
    });
    expect(await (await harness.ask("m", { body: "hello" })).text()).toBe("main");
    expect(harness.timers).toHaveLength(1);
    harness.timers[0]?.callback();
    await harness.settled();
    expect(harness.counted).toEqual(["mirror-failed copy"]);
  });

  it("leaves no deadline behind when its mirrors answer, before it or after it", async () => {
    const late = Promise.withResolvers<Response>();
    const harness = createHarness({ services: mirrored(), send: { copy: () => late.promise } });
    await harness.ask("m", { body: "hello" });
    expect(harness.timers.map(({ isStopped }) => isStopped)).toEqual([false]);
    late.resolve(new Response("copy"));
    await harness.settled();
    expect(harness.timers.map(({ isStopped }) => isStopped)).toEqual([true]);

    const slow = Promise.withResolvers<Response>();
    const quick = createHarness({ services: mirrored(), send: { main: () => slow.promise } });
    const answer = quick.ask("m", { body: "hello" });
    await quick.settled();
    slow.resolve(new Response("main"));
    await answer;
    expect(quick.timers).toEqual([]);
  });

  it("sets no deadline for a mirror without a body", async () => {
    const never = new Promise<Response>(() => {});
    const harness = createHarness({ services: mirrored(), send: { copy: () => never } });
    await harness.ask("m");
    expect(harness.timers).toEqual([]);
  });

  it("is never held back by a mirror that does not read: 5 MB pass, the mirror is cut", async () => {
    const chunks = Array(80).fill(bytes(64 * 1024));
    const harness = createHarness({
      services: mirrored(),
      send: {
        main: async (exchange) => {
          const body = bodyOf(exchange);
          return new Response(String(body === null ? 0 : (await readAll(body)).byteLength));
        },
        copy: async (exchange) => {
          const closed = bodyOf(exchange)?.getReader().closed;
          await closed;
          return new Response("");
        },
      },
    });
    const response = await harness.ask("m", { body: countedBody(chunks).stream });
    expect(await response.text()).toBe(String(80 * 64 * 1024));
    await harness.settled();
    expect(harness.counted).toEqual(["mirror-cut copy"]);
  });

  it("goes on when its body passes maxBodySize on the way, and the mirror is cut", async () => {
    const harness = createHarness({ services: mirrored({ maxBodySize: 100 }) });
    const response = await harness.ask("m", { body: countedBody([bytes(60), bytes(60)]).stream });
    await response.text();
    expect((await harness.sent[0]?.body)?.length).toBe(120);
    await expect(harness.sent[1]?.body).rejects.toThrow("too-large");
    expect(harness.counted).toContain("mirror-too-large copy");
  });

  it("tells its failure", async () => {
    const harness = createHarness({
      services: mirrored(),
      send: { main: (exchange) => failWith(exchange, "broken") },
    });
    const exchange = harness.exchangeOf({ body: "hello" });
    expect((await harness.service("m").handle(exchange)).status).toBe(502);
    expect(exchange.failure).toBe("broken");
    await harness.settled();
  });
});
