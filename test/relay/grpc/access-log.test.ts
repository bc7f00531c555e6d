import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import type { EntryPoint, RelayEntryPoint } from "../../../src/table/entry-point.ts";
import type { Router } from "../../../src/table/router.ts";
import type { Table } from "../../../src/table/table.ts";
import { settings } from "../../access-log/access-data.ts";
import { allTo, callTable, closeGrpc, eventually, runGrpc, startEcho, startGrpcPod, unary } from "./grpc-harness.ts";

afterEach(closeGrpc);

const logging = (table: Table, more: Partial<EntryPoint> = {}): Table => ({
  ...table,
  entryPoints: { grpc: { port: 0, accessLog: settings(), ...more } },
});

describe("calls are logged with the fields of requests", () => {
  test("one that a Pod answered", async () => {
    const { port } = await startEcho();
    const grpc = await runGrpc(logging(allTo([port])));
    await unary(grpc.client(), "ping");
    await eventually(() => grpc.lines.length).toBe(1);
    const { Duration, ...fields } = JSON.parse(grpc.lines[0] ?? "");
    expect(Duration).toBeGreaterThanOrEqual(0);
    expect(fields).toMatchObject({
      entryPointName: "grpc",
      RouterName: "PathPrefix(`/`) pods",
      ServiceName: "pods",
      ServiceURL: `h2c://127.0.0.1:${port}`,
      ServiceAddr: `127.0.0.1:${port}`,
      ClientHost: "127.0.0.1",
      RequestMethod: "POST",
      RequestPath: "/test.Echo/Unary",
      RequestProtocol: "HTTP/2.0",
      RequestScheme: "http",
      OriginStatus: 200,
      DownstreamStatus: 200,
      GrpcStatus: 0,
      RequestCount: 1,
      RetryAttempts: 0,
    });
  });

  test.each<[string, () => Table, object]>([
    ["no router takes", () => callTable(), { DownstreamStatus: 200, GrpcStatus: status.UNIMPLEMENTED }],
    ["no Pod takes", () => allTo([1]), { ServiceName: "pods", GrpcStatus: status.UNAVAILABLE }],
  ])("one that %s", async (_, table, expected) => {
    const grpc = await runGrpc(logging(table()));
    await unary(grpc.client());
    await eventually(() => grpc.lines.length).toBe(1);
    const fields = JSON.parse(grpc.lines[0] ?? "");
    expect(fields).toMatchObject(expected);
    expect(fields).not.toHaveProperty("OriginStatus");
  });

  test("headers and messages that a client chooses forge no line", async () => {
    const { port } = await startEcho();
    const accessLog = settings({ format: "common", headers: { default: "keep", names: {} } });
    const grpc = await runGrpc(logging(allTo([port]), { accessLog }));
    const metadata = new Metadata();
    metadata.set("referer", 'x" "y');
    await unary(grpc.client(), "ping", { metadata });
    await eventually(() => grpc.lines.length).toBe(1);
    expect(grpc.lines[0]).toMatch(
      / 200 - "x\\" \\"y" "grpc-node-js[^"]*" 1 "PathPrefix\(`\/`\) pods" "h2c:[^"]*" \d+ms$/,
    );
  });

  test.each<[string, Partial<EntryPoint>, Partial<Router>, number]>([
    ["an entry point turned off", { accessLogs: false }, {}, 0],
    ["a router turned off", {}, { accessLogs: false }, 0],
    ["a router that wants it on such an entry point", { accessLogs: false }, { accessLogs: true }, 1],
  ])("%s", async (_, entryPoint, router, lines) => {
    const { port } = await startEcho();
    const grpc = await runGrpc(logging(allTo([port], router), entryPoint));
    await unary(grpc.client());
    await eventually(() => grpc.ends.length).toBe(1);
    expect(grpc.lines).toHaveLength(lines);
  });

  test("nothing is where nobody asks for it", async () => {
    const { port } = await startEcho();
    const grpc = await runGrpc(allTo([port]));
    await unary(grpc.client());
    await eventually(() => grpc.ends.length).toBe(1);
    expect(grpc.lines).toEqual([]);
  });
});

test("of several Pods the one that answered is told", async () => {
  const [failing, answering] = [await startGrpcPod({ Unary: () => {} }), await startEcho()];
  failing.kill();
  const grpc = await runGrpc(logging(allTo([failing.port, answering.port])));
  expect(await unary(grpc.client())).toMatchObject({ code: status.OK });
  await eventually(() => grpc.lines.length).toBe(1);
  expect(JSON.parse(grpc.lines[0] ?? "")).toMatchObject({ ServiceAddr: `127.0.0.1:${answering.port}` });
});

describe("the times of an entry point", () => {
  const timed = (table: Table, more: Partial<RelayEntryPoint>): Table => ({
    ...table,
    relayEntryPoints: { grpc: { protocol: "tcp", host: "127.0.0.1", port: 0, ...more } },
  });

  /** A Pod that never answers. */
  const startSilent = () => startGrpcPod({ Unary: () => {}, Upload: () => {} });

  test("a call longer than writeTimeout is ended", async () => {
    const { port } = await startSilent();
    const grpc = await runGrpc(timed(allTo([port]), { writeTimeoutMs: 20 }));
    const { code, details } = await unary(grpc.client());
    expect([code, details]).toEqual([
      status.DEADLINE_EXCEEDED,
      "The call took longer than the entry point's writeTimeout",
    ]);
  });

  test("one that is not sent within readTimeout is ended, one that is may last", async () => {
    const { port } = await startGrpcPod({
      Upload: () => {},
      Unary: (call: { request: Buffer }, callback: (error: null, value: Buffer) => void) =>
        setTimeout(() => callback(null, call.request), 200),
    });
    const grpc = await runGrpc(timed(allTo([port]), { readTimeoutMs: 100 }));
    const client = grpc.client();
    const answered = unary(client);
    const upload = client.makeClientStreamRequest(
      "/test.Echo/Upload",
      (value: Buffer) => value,
      (value) => value,
      () => {},
    );
    upload.write(Buffer.from("one"));
    const { code, details } = await new Promise<{ code: number; details: string }>((resolve) =>
      upload.on("status", resolve),
    );
    expect([code, details]).toEqual([
      status.DEADLINE_EXCEEDED,
      "The call took longer than the entry point's readTimeout",
    ]);
    expect(await answered).toMatchObject({ code: status.OK, value: "ping" });
  });

  test("a connection without calls ends after idleTimeout", async () => {
    const { port } = await startEcho();
    const grpc = await runGrpc(timed(allTo([port]), { idleTimeoutMs: 50 }));
    await unary(grpc.client());
    await eventually(() => grpc.stats().connections).toBe(0);
  });

  test("0 gives it as long as it likes", async () => {
    const { port } = await startSilent();
    const grpc = await runGrpc(timed(allTo([port]), { idleTimeoutMs: 0, readTimeoutMs: 0, writeTimeoutMs: 0 }));
    expect(await unary(grpc.client(), "ping", { deadline: 100 })).toMatchObject({
      details: expect.not.stringContaining("Timeout"),
    });
    expect(grpc.stats().connections).toBe(1);
  });

  test("after so many calls a connection ends, and no call is lost", async () => {
    const { port } = await startEcho();
    const grpc = await runGrpc(timed(allTo([port]), { keepAliveMaxRequests: 2 }));
    const client = grpc.client();
    for (let call = 0; call < 2; call++) expect(await unary(client)).toMatchObject({ code: status.OK });
    await eventually(() => grpc.stats().connections).toBe(0);
    expect(await unary(client)).toMatchObject({ code: status.OK });
  });

  test("after a time a connection ends with its next call, which is not lost", async () => {
    const { port } = await startEcho();
    let now = 0;
    const grpc = await runGrpc(timed(allTo([port]), { keepAliveMaxMs: 1000 }), { now: () => now });
    const client = grpc.client();
    expect(await unary(client)).toMatchObject({ code: status.OK });
    expect(grpc.stats().connections).toBe(1);
    now = 1000;
    expect(await unary(client)).toMatchObject({ code: status.OK });
    await eventually(() => grpc.stats().connections).toBe(0);
  });
});
