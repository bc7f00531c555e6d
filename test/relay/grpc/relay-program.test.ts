import { Client, credentials, status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { settings } from "../../access-log/access-data.ts";
import { closePrograms, relayFolder, runFeed, runRelay } from "../streams/relay-program.ts";
import { allTo, closeGrpc, eventually, startEcho, unary } from "./grpc-harness.ts";

const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await closePrograms();
  await closeGrpc();
});

function clientOf(port: number): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  clients.push(client);
  return client;
}

test("sluice relay takes calls where it is told to, counts them, and finishes them when it ends", async () => {
  const pod = await startEcho("pod:");
  const feed = await runFeed();
  const relay = await runRelay(await relayFolder(), "--feed", feed.url, "--grpc", "grpc", "--access-log");
  feed.serve(allTo([pod.port]));
  const client = clientOf(await relay.port("grpc"));
  expect(await unary(client)).toMatchObject({ code: status.OK, value: "pod:ping" });
  expect((await unary(client, "", { path: "/test.Echo/None" })).code).toBe(status.UNIMPLEMENTED);
  expect(await relay.line(({ msg }) => msg === "call")).toMatchObject({
    entryPoint: "grpc",
    service: "pods",
    clientAddress: "127.0.0.1",
    method: "/test.Echo/Unary",
    code: 0,
    durationMs: expect.any(Number),
  });
  const metrics = await relay.metrics();
  for (const line of [
    'sluice_grpc_calls_total{entrypoint="grpc",service="pods",code="0"} 1',
    'sluice_grpc_calls_total{entrypoint="grpc",service="pods",code="12"} 1',
    'sluice_grpc_call_seconds_count{entrypoint="grpc"} 2',
    "sluice_grpc_open_calls 0",
    "sluice_grpc_open_connections 1",
  ])
    expect(metrics).toContain(`${line}\n`);
  relay.child.kill("SIGTERM");
  expect(await relay.exit).toEqual([0, null]);
}, 20_000);

test("sluice relay writes the access log that the static configuration asks for", async () => {
  const pod = await startEcho();
  const feed = await runFeed();
  const relay = await runRelay(await relayFolder(), "--feed", feed.url, "--grpc", "grpc", "--access-log");
  feed.serve({ ...allTo([pod.port]), entryPoints: { grpc: { port: 0, accessLog: settings() } } });
  await unary(clientOf(await relay.port("grpc")));
  expect(await relay.line(({ GrpcStatus }) => GrpcStatus !== undefined)).toMatchObject({
    level: "info",
    RequestPath: "/test.Echo/Unary",
    ServiceAddr: `127.0.0.1:${pod.port}`,
    GrpcStatus: 0,
  });
  expect(relay.lines.filter(({ msg }) => msg === "call")).toEqual([]);
}, 20_000);

test("sluice relay takes no calls where it is not told to", async () => {
  const feed = await runFeed();
  const relay = await runRelay(await relayFolder(), "--feed", feed.url);
  feed.serve(allTo([9]));
  await eventually(async () => (await relay.ask("/readyz")).status).toBe(200);
  expect(relay.lines.filter(({ msg }) => msg === "listening")).toEqual([]);
}, 20_000);
