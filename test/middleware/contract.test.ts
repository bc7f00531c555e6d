import { describe, expect, it } from "vitest";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import { factories } from "../../src/middleware/registry.ts";
import { middlewareSchema } from "../../src/table/middleware.ts";
import { minimalOptions } from "./minimal-options.ts";
import { build, exchangeOf } from "./run-middleware.ts";

// What every middleware holds to; `in-workerd.test.ts` adds what only workerd can show.
describe.each(Object.values(minimalOptions))("$type", (options) => {
  it("is registered under its own name, and its options are the table's", () => {
    expect(factories[options.type].type).toBe(options.type);
    expect(middlewareSchema.parse(options)).toEqual(options);
  });

  it("asks the next handler at most once and never reads the body", async () => {
    const request = new Request("http://gateway.internal/a/b", {
      method: "POST",
      headers: { Origin: "http://b.com", "X-Forwarded-Proto": "https" },
      body: "not for middlewares",
    });
    const before = [...request.headers];
    let calls = 0;
    const response = await build(options)(async () => {
      calls += 1;
      return new Response(null, { status: 204 });
    })(
      createExchange({
        request,
        scheme: "http",
        entryPoint: "web",
        host: "a.com",
        path: "/a/b",
        query: "?q",
        client: { address: "192.0.2.1", trusted: true },
        endpoints: () => undefined,
        waitUntil: () => {},
      }),
    );
    expect(calls).toBe(response.status === 204 ? 1 : 0);
    expect([request.bodyUsed, [...request.headers]]).toEqual([false, before]);
  });

  it("passes the body, the status and every Set-Cookie of an answer on", async () => {
    const headers = new Headers({ "Content-Encoding": "gzip" });
    headers.append("Set-Cookie", "a=1");
    headers.append("Set-Cookie", "b=2");
    const answer = new Response("bytes", { status: 207, headers });
    let asked = false;
    const response = await build(options)(async () => {
      asked = true;
      return answer;
    })(exchangeOf({ url: "https://a.com/a/b" }));
    if (!asked) return;
    expect([response.status, response.headers.getSetCookie(), response.headers.get("Content-Encoding")]).toEqual([
      207,
      ["a=1", "b=2"],
      "gzip",
    ]);
    expect(await response.text()).toBe("bytes");
  });

  it("passes a failure of the next handler on", async () => {
    const failure = new Error("origin");
    let asked = false;
    const handle = build(options)(() => {
      asked = true;
      return Promise.reject(failure);
    });
    const outcome = await handle(exchangeOf({ url: "https://a.com/a/b" })).catch((error: unknown) => error);
    expect(outcome).toSatisfy((value) => (asked ? value === failure : value instanceof Response));
  });

  it("serves many requests with one build", async () => {
    const seen: string[] = [];
    const handle = build(options)(async ({ path }) => {
      seen.push(path);
      return new Response(null);
    });
    await Promise.all([
      handle(exchangeOf({ url: "https://a.com/a/b" })),
      handle(exchangeOf({ url: "https://a.com/a/b" })),
    ]);
    expect(new Set(seen).size).toBeLessThanOrEqual(1);
  });
});
