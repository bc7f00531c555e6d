import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { callEntryPoints } from "../../../relay/grpc/call-entry-points.ts";
import type { ChildRouter } from "../../../src/table/router.ts";
import { callRouter, callTable, closeGrpc, podsOf, runGrpc, startEcho, unary } from "./grpc-harness.ts";

afterEach(closeGrpc);

const child = (rule: string, service: string): ChildRouter => {
  const { entryPoints: _, tls: __, ...router } = callRouter(rule, service);
  return router;
};

test("calls choose no route by what a client who is not trusted says of itself", async () => {
  const pod = await startEcho();
  const routers = [callRouter("Header(`X-Real-Ip`, `10.0.0.1`)", "app")];
  const table = callTable({ routers }, podsOf("app", [pod.port]));
  const metadata = new Metadata();
  metadata.set("x-real-ip", "10.0.0.1");
  const codes = ["untrusted", "trusted"].map(async (how) => {
    const entryPoints = how === "trusted" ? { grpc: { port: 80, forwardedHeaders: { insecure: true } } } : {};
    const client = (await runGrpc({ ...table, entryPoints: { ...table.entryPoints, ...entryPoints } })).client();
    return (await unary(client, "ping", { metadata })).code;
  });
  expect(await Promise.all(codes)).toEqual([status.UNIMPLEMENTED, status.OK]);
});

test("calls go by the routes below a route, as its middlewares have left them", async () => {
  const [plain, next] = [await startEcho("plain:"), await startEcho("next:")];
  const table = callTable(
    {
      routers: [callRouter("PathPrefix(`/test.Echo`)", "below", { middlewares: ["who"] })],
      services: {
        below: {
          type: "routers",
          routers: [
            child("Header(`X-Known`, `yes`) && Header(`X-Group`, `testers`)", "next"),
            child("Header(`X-Group`, `all`)", "plain"),
          ],
        },
      },
      middlewares: { who: { type: "headers", customRequestHeaders: { "X-Known": "yes" } } },
    },
    podsOf("plain", [plain.port]),
    podsOf("next", [next.port]),
  );
  expect([...callEntryPoints(table)]).toEqual(["grpc"]);
  const client = (await runGrpc(table)).client();
  const callAs = (group: string) => {
    const metadata = new Metadata();
    metadata.set("x-group", group);
    metadata.set("x-known", "pretended");
    return unary(client, "ping", { metadata });
  };
  expect(await callAs("testers")).toMatchObject({ code: status.OK, value: "next:ping" });
  expect(await callAs("all")).toMatchObject({ code: status.OK, value: "plain:ping" });
  expect(await callAs("others")).toMatchObject({ code: status.UNIMPLEMENTED });
});
