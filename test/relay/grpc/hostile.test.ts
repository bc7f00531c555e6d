import { once } from "node:events";
import { type ClientHttp2Session, type ClientSessionOptions, connect, constants } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import {
  allTo,
  closeGrpc,
  eventually,
  runGrpc,
  startEcho,
  startGrpcPod,
  type TestGrpc,
  unary,
} from "./grpc-harness.ts";

const sockets: { destroy(): unknown }[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeGrpc();
});

function open(relay: TestGrpc): Socket {
  const socket = connectTcp(relay.port, "127.0.0.1");
  socket.on("error", () => {});
  sockets.push(socket);
  return socket;
}

function openSession(relay: TestGrpc, options: ClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${relay.port}`, options);
  session.on("error", () => {});
  sockets.push(session);
  return session;
}

const call = { ":method": "POST", ":path": "/test.Echo/Unary", "content-type": "application/grpc", te: "trailers" };

describe("others are served beside", () => {
  const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  test.each([
    ["garbage", "\x00\x01\x02\xff".repeat(1_000)],
    ["half a preface", PREFACE.slice(0, 20)],
    ["a preface and nothing more", PREFACE],
    ["a preface and garbage", PREFACE + "\xff".repeat(1_000)],
    ["a frame that is too large", `${PREFACE}\xff\xff\xff\x00\x00\x00\x00\x00\x01`],
    ["a first frame that is no SETTINGS", `${PREFACE}\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678`],
  ])("a connection of %s", async (_, bytes) => {
    const pod = await startEcho();
    const relay = await runGrpc(allTo([pod.port]));
    for (let i = 0; i < 20; i++) open(relay).write(bytes, "latin1");
    expect(await unary(relay.client())).toMatchObject({ code: status.OK });
  });

  test("calls that are begun and cancelled without end", async () => {
    const pod = await startGrpcPod({
      Unary: (one: { request: Buffer }, callback: (error: null, value: Buffer) => void) => callback(null, one.request),
    });
    const relay = await runGrpc(allTo([pod.port]));
    const session = openSession(relay);
    for (let i = 0; i < 5_000 && !session.destroyed; i++) {
      const stream = session.request(call);
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await unary(relay.client())).toMatchObject({ code: status.OK });
    session.destroy();
    await eventually(() => relay.stats().openCalls).toBe(0);
  });

  test.each([
    [200, 1_000],
    [3_000, 1],
  ])("calls with more metadata than any needs: %i lines of %i bytes", async (lines, length) => {
    const pod = await startEcho();
    const relay = await runGrpc(allTo([pod.port]));
    const session = openSession(relay, { maxSendHeaderBlockLength: 1 << 20 });
    const headers = Object.fromEntries(Array.from({ length: lines }, (_, i) => [`x-${i}`, "a".repeat(length)]));
    const stream = session.request({ ...call, ...headers });
    stream.on("error", () => {});
    stream.end();
    await closed(stream);
    expect(stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR);
    expect(await unary(relay.client())).toMatchObject({ code: status.OK });
  });
});

describe("a call that is malformed", () => {
  test("has its answer", async () => {
    const relay = await runGrpc(allTo([9]));
    const stream = openSession(relay).request({ ...call, ":path": "/test.Echo/Unary#x" });
    const [headers] = await once(stream, "response");
    expect(headers).toMatchObject({ ":status": 200, "grpc-status": String(status.INTERNAL) });
  });

  test.each([{ ":path": "*" }, { ":authority": "" }])("is cut where HTTP/2 itself forbids it: %o", async (headers) => {
    const pod = await startEcho();
    const relay = await runGrpc(allTo([pod.port]));
    const stream = openSession(relay).request({ ...call, ...headers });
    stream.on("error", () => {});
    stream.end();
    await closed(stream);
    expect(stream.rstCode).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(await unary(relay.client())).toMatchObject({ code: status.OK });
  });
});

const closed = (stream: { once(event: string, listener: () => void): unknown }): Promise<void> =>
  new Promise((resolve) => stream.once("close", resolve));

test("a client that does not read its answer holds no memory but its window's", async () => {
  let isFull = false;
  let written = 0;
  const pod = await startGrpcPod({
    Download(stream: { write(value: Buffer): boolean; once(event: string, listener: () => void): void }) {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (stream.write(chunk) && written < 4_000) written++;
        isFull = written < 4_000;
        stream.once("drain", more);
      };
      more();
    },
  });
  const relay = await runGrpc(allTo([pod.port]));
  const stream = openSession(relay).request({ ...call, ":path": "/test.Echo/Download" });
  stream.on("error", () => {});
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
  await once(stream, "response");
  await eventually(() => isFull).toBe(true);
  let before = -1;
  await eventually(() => {
    const isSame = written === before;
    before = written;
    return isSame;
  }, 100).toBe(true);
  expect(written * 64).toBeLessThan(32 * 1024);
});

test("a client that does not read its answer holds nothing once its time is up", async () => {
  const pod = await startGrpcPod({
    Download(stream: { write(value: Buffer): boolean; once(event: string, listener: () => void): void }) {
      const more = (): void => {
        while (stream.write(Buffer.alloc(64 * 1024)));
        stream.once("drain", more);
      };
      more();
    },
  });
  const relay = await runGrpc({
    ...allTo([pod.port]),
    relayEntryPoints: { grpc: { protocol: "tcp", host: "127.0.0.1", port: 0, writeTimeoutMs: 500 } },
  });
  const stream = openSession(relay).request({ ...call, ":path": "/test.Echo/Download" });
  stream.on("error", () => {});
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
  await once(stream, "response");
  await eventually(() => relay.stats().openCalls).toBe(0);
});
