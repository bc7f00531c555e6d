import { type ClientDuplexStream, Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { callEntryPoints } from "../../../relay/grpc/call-entry-points.ts";
import { freePort } from "../tcp/tcp-harness.ts";
import {
  allTo,
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

afterEach(closeGrpc);

const same = (value: Buffer): Buffer => value;
async function collect(stream: AsyncIterable<Buffer>): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of stream) messages.push(message.toString());
  return messages;
}

describe("the four kinds of calls", () => {
  test("unary", async () => {
    const pod = await startEcho("pod:");
    const relay = await runGrpc(allTo([pod.port]));
    expect(await unary(relay.client())).toMatchObject({ code: status.OK, value: "pod:ping" });
    await eventually(() => relay.ends).toMatchObject([
      { entryPoint: "grpc", clientAddress: "127.0.0.1", method: "/test.Echo/Unary", code: 0, service: "pods" },
    ]);
  });

  test("a stream of requests", async () => {
    const pod = await startGrpcPod({
      async Upload(call: AsyncIterable<Buffer>, callback: (error: null, value: Buffer) => void) {
        callback(null, Buffer.from((await collect(call)).join("+")));
      },
    });
    const relay = await runGrpc(allTo([pod.port]));
    const answer = await new Promise<string>((resolve, reject) => {
      const call = relay
        .client()
        .makeClientStreamRequest<Buffer, Buffer>(echo.Upload.path, same, same, (error, value) =>
          error === null ? resolve(String(value)) : reject(error),
        );
      for (const part of ["a", "b", "c"]) call.write(Buffer.from(part));
      call.end();
    });
    expect(answer).toBe("a+b+c");
  });

  test("a stream of answers", async () => {
    const pod = await startGrpcPod({
      Download(call: { request: Buffer; write(value: Buffer): void; end(): void }) {
        for (let i = 0; i < 100; i++) call.write(Buffer.from(`${call.request}${i}`));
        call.end();
      },
    });
    const relay = await runGrpc(allTo([pod.port]));
    const call = relay
      .client()
      .makeServerStreamRequest<Buffer, Buffer>(echo.Download.path, same, same, Buffer.from("n"));
    expect(await collect(call)).toEqual(Array.from({ length: 100 }, (_, i) => `n${i}`));
  });

  test("both ways, each message before the next", async () => {
    const pod = await startGrpcPod({
      Chat(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on("data", (message) => call.write(Buffer.from(`re:${message}`)));
        call.on("end", () => call.end());
      },
    });
    const relay = await runGrpc(allTo([pod.port]));
    const call: ClientDuplexStream<Buffer, Buffer> = relay.client().makeBidiStreamRequest(echo.Chat.path, same, same);
    const answers = call[Symbol.asyncIterator]();
    for (const message of ["a", "b", "c"]) {
      call.write(Buffer.from(message));
      expect(String((await answers.next()).value)).toBe(`re:${message}`);
    }
    call.end();
    expect((await answers.next()).done).toBe(true);
  });
});

describe("what is passed on", () => {
  test("metadata, trailers, and the client's side of the connection", async () => {
    let received = new Metadata();
    const pod = await startGrpcPod({
      Unary(
        call: { metadata: Metadata; sendMetadata(metadata: Metadata): void },
        callback: (error: null, value: Buffer, trailers: Metadata) => void,
      ) {
        received = call.metadata;
        const early = new Metadata();
        early.add("early", "1");
        early.add("early", "2");
        call.sendMetadata(early);
        const late = new Metadata();
        late.add("late-bin", Buffer.from([0, 255]));
        callback(null, Buffer.from("x"), late);
      },
    });
    const relay = await runGrpc(allTo([pod.port]));
    const metadata = new Metadata();
    metadata.set("word", "hello");
    metadata.set("raw-bin", Buffer.from([1, 2, 254]));
    metadata.set("x-forwarded-for", "6.6.6.6");
    metadata.set("sluice-hop", "forged");
    const answer = await unary(relay.client({ "grpc.default_authority": "grpc.example.com" }), "ping", { metadata });
    expect(answer.code).toBe(status.OK);
    expect(received.getMap()).toMatchObject({
      word: "hello",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "grpc.example.com",
      "x-forwarded-proto": "http",
    });
    expect(received.get("raw-bin")).toEqual([Buffer.from([1, 2, 254])]);
    expect(received.get("sluice-hop")).toEqual([]);
    expect(answer.metadata.get("early")).toEqual(["1, 2"]);
    expect(answer.trailers.get("late-bin")).toEqual([Buffer.from([0, 255])]);
  });

  test("a Pod's error, as it is", async () => {
    const pod = await startGrpcPod({
      Unary: (_: unknown, callback: (error: object) => void) =>
        callback({ code: status.ALREADY_EXISTS, details: "grüße, 100 %" }),
    });
    const relay = await runGrpc(allTo([pod.port]));
    expect(await unary(relay.client())).toMatchObject({ code: status.ALREADY_EXISTS, details: "grüße, 100 %" });
    await eventually(() => relay.ends).toMatchObject([{ code: status.ALREADY_EXISTS }]);
  });

  test("messages of many windows, both ways", async () => {
    const pod = await startEcho();
    const relay = await runGrpc(allTo([pod.port]));
    const message = Buffer.alloc(12 * 1024 * 1024, "0123456789");
    const { code, value } = await unary(relay.client(), message);
    expect(code).toBe(status.OK);
    expect(value === message.toString()).toBe(true);
  });

  test("a slow reader holds the Pod back", async () => {
    let written = 0;
    let isFull = false;
    const pod = await startGrpcPod({
      Download(call: { write(value: Buffer): boolean; once(event: string, listener: () => void): void; end(): void }) {
        const chunk = Buffer.alloc(64 * 1024);
        const more = (): void => {
          for (; written < 2_000; written++) {
            if (!call.write(chunk)) {
              isFull = true;
              call.once("drain", () => {
                written++;
                more();
              });
              return;
            }
          }
          call.end();
        };
        more();
      },
    });
    const relay = await runGrpc(allTo([pod.port]));
    const call = relay
      .client()
      .makeServerStreamRequest<Buffer, Buffer>(echo.Download.path, same, same, Buffer.from(""));
    const answers = call[Symbol.asyncIterator]();
    await answers.next();
    await eventually(() => isFull).toBe(true);
    const before = await settled(() => written);
    expect(before).toBeLessThan(1_000);
    let rest = 1;
    for (let next = await answers.next(); !next.done; next = await answers.next()) rest++;
    expect(rest).toBe(2_000);
  });
});

/** A number once it has stopped changing. */
async function settled(read: () => number): Promise<number> {
  let before = -1;
  await eventually(() => {
    const isSame = read() === before;
    before = read();
    return isSame;
  }, 100).toBe(true);
  return before;
}

test("a thousand calls at once over one connection", async () => {
  const waiting: (() => void)[] = [];
  const pod = await startGrpcPod({
    Unary(call: { request: Buffer }, callback: (error: null, value: Buffer) => void) {
      waiting.push(() => callback(null, call.request));
      if (waiting.length === 1_000) for (const answer of waiting) answer();
    },
  });
  const relay = await runGrpc(allTo([pod.port]));
  const client = relay.client();
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, i) => unary(client, `${i}`)));
  expect(answers.map(({ value }) => value)).toEqual(Array.from({ length: 1_000 }, (_, i) => `${i}`));
  expect(relay.stats()).toMatchObject({ connections: 1 });
});

test("weights are kept exactly", async () => {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const table = callTable(
    {
      routers: [callRouter("PathPrefix(`/`)", "both")],
      services: {
        both: {
          type: "weighted",
          children: [
            { service: "a", weight: 3 },
            { service: "b", weight: 1 },
          ],
        },
      },
    },
    podsOf("a", [a.port]),
    podsOf("b", [b.port]),
  );
  const client = (await runGrpc(table)).client();
  const answers: (string | undefined)[] = [];
  for (let i = 0; i < 40; i++) answers.push((await unary(client, "")).value);
  expect(answers.filter((value) => value === "a")).toHaveLength(30);
});

test("a mirror gets a copy of a call, and nobody waits for it", async () => {
  const copies: string[] = [];
  const main = await startEcho("main:");
  const mirror = await startGrpcPod({
    Unary: (call: { request: Buffer; metadata: Metadata }) =>
      void copies.push(`${call.request} ${call.metadata.get("sluice-mirror")}`),
  });
  const table = callTable(
    {
      routers: [callRouter("PathPrefix(`/`)", "mirrored")],
      services: {
        mirrored: {
          type: "mirroring",
          service: "main",
          mirrorBody: true,
          maxBodySize: -1,
          mirrors: [{ service: "mirror", percent: 100 }],
        },
      },
    },
    podsOf("main", [main.port]),
    podsOf("mirror", [mirror.port]),
  );
  const relay = await runGrpc(table);
  expect(await unary(relay.client())).toMatchObject({ code: status.OK, value: "main:ping" });
  await eventually(() => copies).toEqual(["ping true"]);
});

test("a fallback gets the call, body and all, when the service before it cannot serve", async () => {
  const fallback = await startEcho("fallback:");
  const table = callTable(
    {
      routers: [callRouter("PathPrefix(`/`)", "either")],
      services: { either: { type: "failover", service: "main", fallback: "fallback" } },
    },
    podsOf("main", [await freePort()]),
    podsOf("fallback", [fallback.port]),
  );
  const relay = await runGrpc(table);
  expect(await unary(relay.client())).toMatchObject({ code: status.OK, value: "fallback:ping" });
});

test("a sticky session stays with its Pod", async () => {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const sticky = { name: "pod", path: "/", secure: false, httpOnly: true, maxAge: 0 };
  const table = callTable(
    { routers: [callRouter("PathPrefix(`/`)", "pods")] },
    podsOf("pods", [a.port, b.port], { sticky }),
  );
  const client = (await runGrpc(table)).client();
  const first = await unary(client, "");
  const metadata = new Metadata();
  metadata.set("cookie", String(first.metadata.get("set-cookie")[0]).split(";")[0] ?? "");
  for (let i = 0; i < 6; i++) expect((await unary(client, "", { metadata })).value).toBe(first.value);
});

test("a sticky session that may not be idle for long is told anew by each answer", async () => {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const sticky = {
    name: "x-pod",
    path: "/",
    secure: false,
    httpOnly: true,
    maxAge: 0,
    inHeader: true,
    idleTimeoutMs: 60_000,
  };
  const table = callTable(
    { routers: [callRouter("PathPrefix(`/`)", "pods")] },
    podsOf("pods", [a.port, b.port], { sticky }),
  );
  const client = (await runGrpc(table)).client();
  const first = await unary(client, "");
  let session = String(first.metadata.get("x-pod")[0]);
  for (let i = 0; i < 6; i++) {
    const metadata = new Metadata();
    metadata.set("x-pod", session);
    const again = await unary(client, "", { metadata });
    expect(again.value).toBe(first.value);
    session = String(again.metadata.get("x-pod")[0]);
    expect(session).toMatch(/^[0-9a-f]{16}\.[0-9a-z]+\.[0-9a-z]+$/);
  }
});

test("entry points of calls are those on which a route leads to h2c, however far", () => {
  const to = (service: string, entryPoint: string) =>
    callRouter("PathPrefix(`/`)", service, { entryPoints: [entryPoint] });
  const table = callTable(
    {
      routers: [to("outer", "a"), to("plain", "b"), to("circle", "c"), to("gone", "d"), to("pods", "e")],
      services: {
        outer: { type: "filtered", middlewares: [], service: "either" },
        either: { type: "failover", service: "plain", fallback: "split" },
        split: { type: "weighted", children: [{ service: "pods", weight: 0 }] },
        circle: { type: "filtered", middlewares: [], service: "circle" },
      },
    },
    podsOf("pods", []),
    podsOf("plain", [], { scheme: "http" }),
  );
  expect([...callEntryPoints(table)].sort()).toEqual(["a", "e"]);
});
