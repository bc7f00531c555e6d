import { once } from "node:events";
import { connect, createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type ClientDuplexStream, Metadata, type ServerDuplexStream, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../tcp/tcp-harness.ts";
import { allTo, closeGrpc, echo, eventually, podsOf, runGrpc, startEcho, startGrpcPod, unary } from "./grpc-harness.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await closeGrpc();
  for (const close of closers.splice(0)) close();
});

const same = (value: Buffer): Buffer => value;

/** A Pod that tells when a call has begun and when it was cancelled, and never answers. */
async function startSilent() {
  const seen = { begun: 0, cancelled: 0, timeouts: [] as unknown[] };
  const watch = (call: { metadata: Metadata; on(event: string, listener: () => void): void }): void => {
    seen.begun++;
    call.on("cancelled", () => seen.cancelled++);
  };
  const pod = await startGrpcPod({ Unary: watch, Chat: watch });
  return { ...pod, seen };
}

/** A Pod of HTTP/2 that does with each stream what the test says. */
async function startRawPod(serve: (stream: ServerHttp2Stream, session: ServerHttp2Session) => void) {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
    session.on("stream", (stream) => {
      stream.on("error", () => {});
      serve(stream, session);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

/** Answers a unary call with a message. */
function answerWith(stream: ServerHttp2Stream, text: string): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  const message = Buffer.alloc(5 + text.length);
  message.writeUInt32BE(text.length, 1);
  message.write(text, 5);
  stream.resume();
  stream.end(message);
}

const openChat = (client: Awaited<ReturnType<typeof runGrpc>>["client"]) => {
  const call: ClientDuplexStream<Buffer, Buffer> = client().makeBidiStreamRequest(echo.Chat.path, same, same);
  const ended = new Promise<{ code: number }>((resolve) => call.on("status", resolve));
  call.on("error", () => {});
  return { call, ended };
};

describe("the client", () => {
  test("that cancels cancels at the Pod", async () => {
    const pod = await startSilent();
    const relay = await runGrpc(allTo([pod.port]));
    const { call } = openChat(relay.client);
    call.write(Buffer.from("x"));
    await eventually(() => pod.seen.begun).toBe(1);
    call.cancel();
    await eventually(() => pod.seen.cancelled).toBe(1);
    await eventually(() => relay.ends).toMatchObject([{ code: undefined }]);
    expect(relay.stats().openCalls).toBe(0);
  });

  test("whose connection is cut cancels all its calls", async () => {
    const pod = await startSilent();
    const relay = await runGrpc(allTo([pod.port]));
    const client = relay.client();
    const calls = Array.from({ length: 10 }, () => unary(client));
    await eventually(() => pod.seen.begun).toBe(10);
    client.close();
    client.getChannel().close();
    await relay.streams.close();
    await eventually(() => pod.seen.cancelled).toBe(10);
    expect((await Promise.all(calls)).map(({ code }) => code)).not.toContain(status.OK);
  });
});

describe("a deadline", () => {
  test("is the Pod's as well, a little shorter, and ends the call there", async () => {
    let left: string | undefined;
    let isEnded = false;
    const pod = await startRawPod((stream) => {
      stream.on("close", () => {
        isEnded = true;
      });
    });
    const relay = await runGrpc(allTo([pod.port]));
    for (const session of pod.sessions) session.on("stream", (_, headers) => (left = String(headers["grpc-timeout"])));
    const { code } = await unary(relay.client(), "ping", { deadline: 200 });
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    await eventually(() => isEnded).toBe(true);
    expect(left ?? "199m").toMatch(/^\d{1,3}m$/);
  });

  test("is held to by the relay when the client does not", async () => {
    const pod = await startSilent();
    const relay = await runGrpc(allTo([pod.port]));
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "100m");
    const answer = await unary(relay.client(), "ping", { metadata });
    expect(answer).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await eventually(() => pod.seen.cancelled).toBe(1);
    await eventually(() => relay.ends).toMatchObject([{ code: status.DEADLINE_EXCEEDED }]);
  });

  test("ends a stream that has begun", async () => {
    const pod = await startGrpcPod({
      Download: (call: { write(value: Buffer): void }) => call.write(Buffer.from("first")),
    });
    const relay = await runGrpc(allTo([pod.port]));
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "150m");
    const call = relay
      .client()
      .makeServerStreamRequest<Buffer, Buffer>(echo.Download.path, same, same, Buffer.from(""), metadata);
    const received: string[] = [];
    call.on("data", (message) => received.push(String(message)));
    const [error] = (await once(call, "error")) as [ServiceError];
    expect([received, error.code]).toEqual([["first"], status.DEADLINE_EXCEEDED]);
  });
});

describe("Pods", () => {
  test("none is unavailable", async () => {
    const relay = await runGrpc(allTo([]));
    expect(await unary(relay.client())).toMatchObject({ code: status.UNAVAILABLE });
  });

  test("one that refuses connections costs the client nothing while there is another", async () => {
    const pod = await startEcho();
    const relay = await runGrpc(allTo([await freePort(), pod.port, await freePort()]));
    const client = relay.client();
    for (let i = 0; i < 6; i++) expect(await unary(client)).toMatchObject({ code: status.OK });
    expect(relay.stats().refusedDials).toBeGreaterThan(0);
  });

  test("all that refuse are unavailable", async () => {
    const relay = await runGrpc(allTo([await freePort(), await freePort()]));
    expect(await unary(relay.client())).toMatchObject({ code: status.UNAVAILABLE });
  });

  test("one that speaks HTTP/1.1 is unavailable", async () => {
    const { createServer: createHttp } = await import("node:http");
    const server = createHttp((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => server.close());
    const relay = await runGrpc(allTo([(server.address() as AddressInfo).port]));
    expect(await unary(relay.client())).toMatchObject({ code: status.UNAVAILABLE });
  });

  test("one that is killed in the middle of a stream makes the call unavailable", async () => {
    const pod = await startGrpcPod({
      Chat: (call: ServerDuplexStream<Buffer, Buffer>) => call.write(Buffer.from("first")),
    });
    const relay = await runGrpc(allTo([pod.port]));
    const { call, ended } = openChat(relay.client);
    await once(call, "data");
    pod.kill();
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
  });

  test("a call that one may have begun is not sent to another", async () => {
    let calls = 0;
    const cut = (_: ServerHttp2Stream, session: ServerHttp2Session): void => {
      calls++;
      session.destroy();
    };
    const [a, b] = [await startRawPod(cut), await startRawPod(cut)];
    const relay = await runGrpc(allTo([a.port, b.port]));
    expect(await unary(relay.client())).toMatchObject({ code: status.UNAVAILABLE });
    expect(calls).toBe(1);
  });

  test("a call that one refuses is sent to another, body and all", async () => {
    let refused = 0;
    const refusing = await startRawPod((stream) => {
      refused++;
      stream.close(7);
    });
    const bodies: string[] = [];
    const taking = await startRawPod((stream) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        bodies.push(Buffer.concat(chunks).subarray(5).toString());
        answerWith(stream, "taken");
      });
    });
    const relay = await runGrpc(allTo([refusing.port, taking.port]));
    const client = relay.client();
    for (let i = 0; i < 4; i++) expect(await unary(client, `call ${i}`)).toMatchObject({ code: 0, value: "taken" });
    expect(refused).toBeGreaterThan(0);
    expect(bodies).toEqual(["call 0", "call 1", "call 2", "call 3"]);
  });

  test("one that ends with GOAWAY under load loses no call", async () => {
    const [a, b] = [await startEcho(), await startEcho()];
    const relay = await runGrpc(allTo([a.port, b.port]));
    const client = relay.client();
    const codes = new Map<number, number>();
    let isStopping = false;
    const callers = Array.from({ length: 20 }, async () => {
      while (!isStopping) {
        const { code } = await unary(client);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    });
    await eventually(() => codes.get(0) ?? 0).toBeGreaterThan(200);
    await new Promise<void>((resolve) => a.server.tryShutdown(() => resolve()));
    relay.take(allTo([b.port]));
    const before = codes.get(0) ?? 0;
    await eventually(() => (codes.get(0) ?? 0) - before).toBeGreaterThan(200);
    isStopping = true;
    await Promise.all(callers);
    expect([...codes.keys()]).toEqual([status.OK]);
  });

  test("one that is ending keeps its calls and gets no new ones", async () => {
    const [a, b] = [await startEcho("a"), await startEcho("b")];
    const table = allTo([]);
    const state = podsOf("pods", [a.port]).endpoints.pods?.endpoints ?? [];
    const ending = podsOf("pods", [b.port], {}, "terminating").endpoints.pods?.endpoints ?? [];
    table.endpoints.pods = { endpoints: [...state, ...ending] };
    const client = (await runGrpc(table)).client();
    const values = new Set<string | undefined>();
    for (let i = 0; i < 8; i++) values.add((await unary(client, "")).value);
    expect([...values]).toEqual(["a"]);
  });
});

describe("the relay", () => {
  test("that ends finishes the calls that it has, and loses none that come meanwhile", async () => {
    const pod = await startGrpcPod({
      Unary: (call: { request: Buffer }, callback: (error: null, value: Buffer) => void) =>
        callback(null, call.request),
      Chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on("data", (message) => call.write(message));
        call.on("end", () => call.end());
      },
    });
    const relay = await runGrpc(allTo([pod.port]));
    const { call, ended } = openChat(relay.client);
    call.write(Buffer.from("one"));
    await once(call, "data");
    let isClosed = false;
    const closing = relay.close(5_000).then(() => {
      isClosed = true;
    });
    call.write(Buffer.from("two"));
    expect(String((await once(call, "data"))[0])).toBe("two");
    expect(isClosed).toBe(false);
    call.end();
    call.resume();
    expect(await ended).toMatchObject({ code: status.OK });
    await closing;
  });

  test("that ends loses no call that was sent before its client could know", async () => {
    const pod = await startEcho();
    const relay = await runGrpc(allTo([pod.port]));
    const session = connect(`http://127.0.0.1:${relay.port}`);
    closers.push(() => session.destroy());
    let isTold = false;
    session.on("goaway", () => {
      isTold = true;
    });
    const results: Promise<string>[] = [];
    const call = (): void => {
      const stream = session.request({
        ":method": "POST",
        ":path": "/test.Echo/Unary",
        "content-type": "application/grpc",
        te: "trailers",
      });
      results.push(
        new Promise((resolve) => {
          stream.on("trailers", (trailers) => resolve(`status ${trailers["grpc-status"]}`));
          stream.on("error", (error) => resolve(error.message));
          stream.on("close", () => resolve(`closed ${stream.rstCode}`));
        }),
      );
      stream.resume();
      stream.end(Buffer.from([0, 0, 0, 0, 0]));
    };
    let closing: Promise<void> | undefined;
    while (!isTold) {
      call();
      if (results.length === 50) closing = relay.close(5_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // A client that learns of the end between two calls refuses the second itself, unsent.
    const unsent = "Stream closed with error code NGHTTP2_REFUSED_STREAM";
    const answered = (await Promise.all(results)).filter((result) => result !== unsent);
    expect(answered.length).toBeGreaterThanOrEqual(45);
    expect(new Set(answered)).toEqual(new Set(["status 0"]));
    await closing;
  });

  test("ends calls that take longer than it has", async () => {
    const pod = await startSilent();
    const relay = await runGrpc(allTo([pod.port]));
    const call = unary(relay.client());
    await eventually(() => pod.seen.begun).toBe(1);
    await relay.close(20);
    expect((await call).code).not.toBe(status.OK);
    await eventually(() => pod.seen.cancelled).toBe(1);
  });
});
