import { once } from "node:events";
import { createServer } from "node:http2";
import { Metadata, type ServerDuplexStream, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { GuardSet } from "../../../relay/origin-gateway/guards/guard-set.ts";
import type { Middleware, MiddlewareOptions } from "../../../src/table/middleware.ts";
import { minimalOptions } from "../../middleware/minimal-options.ts";
import { closeAll, deadPort, listen, startPod } from "../gateway-harness.ts";
import {
  callRouter,
  callTable,
  closeGrpc,
  echo,
  eventually,
  podsOf,
  runGrpc,
  startEcho,
  startGrpcPod,
  unary,
} from "./grpc-harness.ts";

afterEach(async () => {
  await closeGrpc();
  await closeAll();
});

type Callback = (error: null, value: Buffer) => void;

const retry = (changes: Partial<MiddlewareOptions<"retry">> = {}): Middleware => ({
  type: "retry",
  attempts: 3,
  initialIntervalMs: 0,
  timeoutMs: 0,
  status: ["500-599"],
  maxRequestBodyBytes: -1,
  disableRetryOnNetworkError: false,
  retryNonIdempotentMethod: true,
  ...changes,
});

const same = (value: Buffer): Buffer => value;

/** Calls to Pods on these ports, held to middlewares. */
async function held(ports: readonly number[], middlewares: Record<string, Middleware>) {
  const guards = new GuardSet({ now: () => performance.now(), random: () => 0 });
  const grpc = await runGrpc(
    callTable(
      { routers: [callRouter("PathPrefix(`/`)", "pods", { middlewares: Object.keys(middlewares) })], middlewares },
      podsOf("pods", ports),
    ),
    { guards },
  );
  return { guards, grpc, client: grpc.client() };
}

/** A Pod that answers calls with a status of HTTP alone, as a proxy before it would. */
async function refusingPod(code: number): Promise<{ port: number; calls: () => number }> {
  let calls = 0;
  const server = createServer();
  server.on("stream", (stream) => {
    calls++;
    stream.on("error", () => {});
    stream.respond({ ":status": code }, { endStream: true });
    stream.resume();
  });
  return { port: await listen(server), calls: () => calls };
}

/** A Pod whose calls end with a code of gRPC and without an answer. */
async function failingPod(code: number): Promise<{ port: number; calls: () => number }> {
  let calls = 0;
  const pod = await startGrpcPod({
    Unary: (_: unknown, callback: (error: object) => void) => {
      calls++;
      callback({ code, details: "as it is" });
    },
  });
  return { port: pod.port, calls: () => calls };
}

describe("calls", () => {
  test("are counted while they are on their way", async () => {
    const waiting: (() => void)[] = [];
    const arrived = Promise.withResolvers<void>();
    const pod = await startGrpcPod({
      Unary: ({ request }: { request: Buffer }, callback: Callback) => {
        waiting.push(() => callback(null, request));
        arrived.resolve();
      },
    });
    const { guards, client } = await held([pod.port], { limit: { type: "inFlightReq", amount: 1 } });
    const first = unary(client, "first");
    await arrived.promise;
    expect(await unary(client, "second")).toMatchObject({ code: status.UNAVAILABLE, value: undefined });
    for (const answer of waiting) answer();
    expect(await first).toMatchObject({ code: status.OK, value: "first" });
    expect(Object.fromEntries(guards.stats().refused)).toEqual({ limit: 1 });

    waiting.length = 0;
    const third = unary(client, "third");
    await expect.poll(() => waiting.length).toBe(1);
    for (const answer of waiting) answer();
    expect((await third).code).toBe(status.OK);
  });

  test("that a client gives up count no more", async () => {
    const pod = await startGrpcPod({ Unary: () => {} });
    const { guards, client } = await held([pod.port], { limit: { type: "inFlightReq", amount: 1 } });
    for (let i = 0; i < 3; i++) {
      expect((await unary(client, "ping", { deadline: 100 })).code).toBe(status.DEADLINE_EXCEEDED);
    }
    expect(guards.stats().refused.size).toBe(0);
  });

  test("are sent again, to another Pod, with all that the client has sent", async () => {
    const [bad, good] = [await refusingPod(503), await startEcho()];
    const { guards, client } = await held([bad.port, good.port], { retry: retry() });
    for (let i = 0; i < 4; i++) {
      expect(await unary(client, "ping".repeat(100))).toMatchObject({ code: status.OK, value: "ping".repeat(100) });
    }
    expect(guards.stats().retried.get("retry")).toBe(bad.calls());
    expect(bad.calls()).toBeGreaterThan(0);
  });

  test("are sent again when a Pod says by its code alone that it cannot serve", async () => {
    const [bad, good] = [await failingPod(status.UNAVAILABLE), await startEcho()];
    const { guards, client } = await held([bad.port, good.port], { retry: retry({ status: ["503"] }) });
    for (let i = 0; i < 4; i++) expect(await unary(client)).toMatchObject({ code: status.OK });
    expect(guards.stats().retried.get("retry")).toBe(bad.calls());
    expect(bad.calls()).toBeGreaterThan(0);
  });

  test("fail as the Pod says where no other can serve", async () => {
    const bad = await failingPod(status.UNAVAILABLE);
    const { client } = await held([bad.port], { retry: retry() });
    expect(await unary(client)).toMatchObject({ code: status.UNAVAILABLE, details: "as it is" });
    expect(bad.calls()).toBe(3);
  });

  test("are not sent again for a code that is no such status", async () => {
    const bad = await failingPod(status.NOT_FOUND);
    const { client } = await held([bad.port], { retry: retry() });
    expect((await unary(client)).code).toBe(status.NOT_FOUND);
    expect(bad.calls()).toBe(1);
  });

  test("that fail by their code open a breaker", async () => {
    const bad = await failingPod(status.INTERNAL);
    const { client } = await held([bad.port], {
      breaker: {
        type: "circuitBreaker",
        condition: {
          type: "responseCodeRatio",
          from: 500,
          to: 600,
          dividedByFrom: 0,
          dividedByTo: 600,
          operator: ">",
          value: 0.5,
        },
        checkPeriodMs: 0,
        fallbackDurationMs: 60_000,
        recoveryDurationMs: 60_000,
        responseCode: 503,
      },
    });
    expect((await unary(client)).code).toBe(status.INTERNAL);
    for (let i = 0; i < 3; i++) expect((await unary(client)).code).toBe(status.UNAVAILABLE);
    expect(bad.calls()).toBe(1);
  });

  test("are not, being POST, unless that is allowed", async () => {
    const bad = await refusingPod(503);
    const { client } = await held([bad.port], { retry: retry({ retryNonIdempotentMethod: false }) });
    expect((await unary(client)).code).toBe(status.UNAVAILABLE);
    expect(bad.calls()).toBe(1);
  });

  test("are when they reached no Pod", async () => {
    const { guards, grpc, client } = await held([await deadPort()], { retry: retry({ status: [] }) });
    expect((await unary(client)).code).toBe(status.UNAVAILABLE);
    expect([guards.stats().retried.get("retry"), grpc.stats().refusedDials]).toEqual([2, 3]);
  });

  test("do not reach Pods behind an open breaker", async () => {
    const { grpc, client } = await held([await deadPort()], {
      breaker: {
        type: "circuitBreaker",
        condition: { type: "networkErrorRatio", operator: ">", value: 0.5 },
        checkPeriodMs: 0,
        fallbackDurationMs: 60_000,
        recoveryDurationMs: 60_000,
        responseCode: 503,
      },
    });
    for (let i = 0; i < 3; i++) expect((await unary(client)).code).toBe(status.UNAVAILABLE);
    expect(grpc.stats().refusedDials).toBe(1);
  });
});

describe("the time of a call", () => {
  const limits = (requestMs: number, backendRequestMs: number): Middleware => ({
    type: "timeout",
    requestMs,
    backendRequestMs,
  });

  test.each([
    ["request", limits(500, 0)],
    ["backendRequest", limits(0, 500)],
  ])("%s: ends what no Pod answers, and the Pod hears of it", async (_, timeout) => {
    const left = Promise.withResolvers<void>();
    const pod = await startGrpcPod({
      Unary: (call: { on(event: "cancelled", listener: () => void): void }) => call.on("cancelled", left.resolve),
    });
    const { client } = await held([pod.port], { timeout });
    expect(await unary(client, "x")).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: "The call took longer than its route allows",
      value: undefined,
    });
    await left.promise;
  });

  test.each([
    ["passed on", {}],
    ["read by a middleware", { buffering: minimalOptions.buffering }],
  ])("ends an answer that has begun, %s", async (_, middlewares) => {
    const left = Promise.withResolvers<void>();
    const pod = await startGrpcPod({
      Download: (call: { write(value: Buffer): void; on(event: "cancelled", listener: () => void): void }) => {
        call.on("cancelled", left.resolve);
        call.write(Buffer.from("first"));
      },
    });
    const { client } = await held([pod.port], { ...middlewares, timeout: limits(0, 300) });
    const call = client.makeServerStreamRequest<Buffer, Buffer>(echo.Download.path, same, same, Buffer.from("x"));
    call.on("data", () => {});
    const [error] = (await once(call, "error")) as [ServiceError];
    expect([error.code, error.details]).toEqual([
      status.DEADLINE_EXCEEDED,
      "The call took longer than its route allows",
    ]);
    await left.promise;
  });

  test("ends what waits for a middleware", async () => {
    const silent = await startPod(() => {});
    const middlewares = {
      timeout: limits(100, 0),
      auth: { ...minimalOptions.forwardAuth, address: "http://auth/", service: "auth" },
    };
    const grpc = await runGrpc(
      callTable(
        { routers: [callRouter("PathPrefix(`/`)", "pods", { middlewares: ["timeout", "auth"] })], middlewares },
        podsOf("pods", [await deadPort()]),
        podsOf("auth", [silent], { scheme: "http" }),
      ),
    );
    expect((await unary(grpc.client())).code).toBe(status.DEADLINE_EXCEEDED);
  });

  test("is a Pod's own 504 none", async () => {
    const pod = await refusingPod(504);
    const { client } = await held([pod.port], { timeout: limits(60_000, 60_000) });
    expect((await unary(client)).code).toBe(status.UNAVAILABLE);
  });

  test("is the client's where that is shorter", async () => {
    const { port } = await startGrpcPod({ Unary: () => {} });
    const { grpc, client } = await held([port], { timeout: limits(60_000, 60_000) });
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "100m");
    expect(await unary(client, "x", { metadata })).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: "The call took longer than its deadline",
    });
    await eventually(() => grpc.ends).toMatchObject([{ code: status.DEADLINE_EXCEEDED }]);
  });

  test("does not send again what a Pod may have begun", async () => {
    let calls = 0;
    const slow = await startGrpcPod({ Unary: () => void calls++ });
    const { client } = await held([slow.port], {
      timeout: limits(0, 500),
      retry: retry({ status: [], retryIdempotentFailures: true }),
    });
    expect((await unary(client, "x")).code).toBe(status.DEADLINE_EXCEEDED);
    expect(calls).toBe(1);
  });

  test("is enough for a call that is in time", async () => {
    const echo = await startEcho("a");
    const { client } = await held([echo.port], { timeout: limits(60_000, 60_000) });
    expect(await unary(client, "x")).toMatchObject({ code: status.OK });
  });
});

describe("a Pod that its transport gives a time to answer in", () => {
  const transport = { serversTransports: { t: { responseHeaderTimeoutMs: 200 } } };
  const timed = async (port: number) => {
    const pods = podsOf("pods", [port], { serversTransport: "t" });
    return (await runGrpc(callTable({ routers: [callRouter("PathPrefix(`/`)", "pods")] }, pods, transport))).client();
  };

  test("has no longer than that", async () => {
    const left = Promise.withResolvers<void>();
    const { port } = await startGrpcPod({
      Unary: (call: { on(event: "cancelled", listener: () => void): void }) => call.on("cancelled", left.resolve),
    });
    expect(await unary(await timed(port))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: "The call took longer than its route allows",
    });
    await left.promise;
  });

  test("has it from the end of the call on, and as long as it likes for the rest of its answer", async () => {
    const { port } = await startGrpcPod({
      Chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on("data", (message: Buffer) => call.write(message));
        call.on("end", () => setTimeout(() => call.end(), 300));
      },
    });
    const call = (await timed(port)).makeBidiStreamRequest<Buffer, Buffer>(echo.Chat.path, same, same);
    const received: string[] = [];
    call.on("data", (message) => received.push(String(message)));
    const ended = once(call, "status");
    await new Promise((resolve) => setTimeout(resolve, 300));
    call.write(Buffer.from("late"));
    call.end();
    const [{ code }] = (await ended) as [{ code: number }];
    expect([received, code]).toEqual([["late"], status.OK]);
  });
});
