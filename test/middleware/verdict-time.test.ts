import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Handler } from "../../src/exchange/exchange.ts";
import { forkExchange } from "../../src/exchange/fork-exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { MiddlewareRuntime } from "../../src/middleware/runtime.ts";
import { createDirectSend } from "../../src/origin/direct.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import { testRuntime } from "./auth-runtime.ts";
import { minimalOptions } from "./minimal-options.ts";
import { exchangeOf } from "./run-middleware.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A runtime whose times are over when they are told to be. */
function stoppable() {
  const controller = new AbortController();
  const times: number[] = [];
  const runtime: MiddlewareRuntime = testRuntime({
    timeout(ms) {
      times.push(ms);
      return controller.signal;
    },
  });
  return { runtime, times, stop: () => controller.abort(new DOMException("", "TimeoutError")) };
}

/** One request behind a middleware that asks this server. */
async function pass(middleware: Middleware, server: Handler, runtime: MiddlewareRuntime, signal?: AbortSignal) {
  let hasPassed = false;
  const wrap = buildMiddlewares({ it: middleware }, () => server, runtime)("it");
  const exchange = exchangeOf({});
  const { status } = await wrap(async () => {
    hasPassed = true;
    return new Response();
  })(signal === undefined ? exchange : forkExchange(exchange, { signal }));
  return { status, hasPassed };
}

/** Answers as a fetch that is ended, and calls back when it is under way. */
const hanging =
  (onAsked: () => void): Handler =>
  ({ signal }) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
      onAsked();
    });

/** An answer whose body begins and does not go on. */
const stuck = (status: number, onRead: () => void): Response =>
  new Response(
    new ReadableStream({
      start: (it) => it.enqueue(new Uint8Array(1)),
      pull() {
        onRead();
        return new Promise(() => {});
      },
    }),
    { status },
  );

const asking: [string, Middleware][] = [
  ["forwardAuth", minimalOptions.forwardAuth],
  ["externalAuth", minimalOptions.externalAuth],
];

describe("nobody passes when the server does not answer in time", () => {
  it.each(asking)("%s", async (_, middleware) => {
    const { runtime, times, stop } = stoppable();
    expect(await pass(middleware, hanging(stop), runtime)).toEqual({ status: 500, hasPassed: false });
    expect(times).toEqual([30_500]);
  });

  it.each(asking)("%s, when the request itself is given up before", async (_, middleware) => {
    const request = new AbortController();
    const server = hanging(() => request.abort());
    expect(await pass(middleware, server, stoppable().runtime, request.signal)).toEqual({
      status: 500,
      hasPassed: false,
    });
  });

  it.each(asking)("%s, asked over the edge's own fetch", async (_, middleware) => {
    const auth = createServer(() => {}).listen(0, "127.0.0.1");
    await once(auth, "listening");
    closers.push(() => auth.close());
    const { runtime, stop } = stoppable();
    const left = new Promise((resolve) =>
      auth.on("request", ({ socket }) => {
        socket.on("close", resolve);
        stop();
      }),
    );
    const send = createDirectSend({ fetch: (input, init) => fetch(input, init), random: () => 0, now: Date.now });
    const { port } = auth.address() as AddressInfo;
    const server: Handler = (exchange) =>
      send(exchange, {
        service: "auth",
        options: {
          type: "loadBalancer",
          ...{ endpoints: "auth", scheme: "http", passHostHeader: false, transport: "direct" },
        },
        endpoints: { endpoints: [{ address: "127.0.0.1", port, state: "ready" }] },
      });
    expect(await pass(middleware, server, runtime)).toEqual({ status: 500, hasPassed: false });
    await left;
  });

  it.each([200, 403])("forwardAuth, when the body of its %i is read and does not end", async (status) => {
    const { runtime, stop } = stoppable();
    const middleware = { ...minimalOptions.forwardAuth, maxResponseBodySize: 100 };
    expect(await pass(middleware, async () => stuck(status, stop), runtime)).toEqual({ status: 500, hasPassed: false });
  });
});

it("keys of tokens that do not come in time are none", async () => {
  const { runtime, times, stop } = stoppable();
  const reported: string[] = [];
  const middleware: Middleware = {
    type: "jwt",
    ...{ audience: [], requiredClaims: {}, forwardClaims: {}, removeHeader: false },
    ...{ jwksUrl: "https://issuer.example.com/keys", service: "issuer" },
  };
  const told = { ...runtime, report: ({ event }: { event: string }) => reported.push(event) };
  const wrap = buildMiddlewares({ it: middleware }, () => async () => stuck(200, stop), told)("it");
  const token = [{ alg: "EdDSA" }, {}].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const { status } = await wrap(async () => new Response())(
    exchangeOf({ headers: { Authorization: `Bearer ${token}.${"x".repeat(86)}` } }),
  );
  expect([status, times, reported]).toEqual([503, [5_000], ["key-set-unreadable"]]);
});
