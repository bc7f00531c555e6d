import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import type { Middleware } from "../../src/table/middleware.ts";
import { callRouter, callTable, closeGrpc, podsOf, runGrpc, startEcho, unary } from "../relay/grpc/grpc-harness.ts";

afterEach(closeGrpc);

it("a relay counts calls of gRPC by itself, and goes on counting when the table changes", async () => {
  const pod = await startEcho();
  const limit: Middleware = { type: "rateLimit", average: 1, periodMs: 3_600_000, burst: 2 };
  const routers = [callRouter("PathPrefix(`/`)", "pods", { middlewares: ["limit"] })];
  const table = () => callTable({ routers, middlewares: { limit } }, podsOf("pods", [pod.port]));
  const grpc = await runGrpc(table());
  const client = grpc.client();
  const codes = [await unary(client), await unary(client), await unary(client)].map(({ code }) => code);
  expect(codes).toEqual([status.OK, status.OK, status.UNAVAILABLE]);
  grpc.take(table());
  expect((await unary(client)).code).toBe(status.UNAVAILABLE);
});
