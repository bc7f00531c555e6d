import { once } from "node:events";
import { createServer } from "node:http2";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodeText, readGrpcWebType } from "../../relay/origin-gateway/grpc-web.ts";
import { FAILURE_HEADER } from "../../src/hop/hop.ts";
import {
  type Answer,
  closeAll,
  deadPort,
  listen,
  open,
  ready,
  send,
  startGateway,
  startPod,
  type TestGateway,
  tableOf,
} from "./gateway-harness.ts";

const identity = {
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
};
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  ...identity,
});

let server: Server;
let gateway: TestGateway;
let seen: Metadata;
let cancelled: Promise<unknown>;
beforeAll(async () => {
  server = new Server();
  server.addService(
    {
      unary: method("Unary", false, false),
      fail: method("Fail", false, false),
      list: method("List", false, true),
      hold: method("Hold", false, true),
      chat: method("Chat", true, true),
    },
    {
      unary(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
        seen = call.metadata;
        const trailers = new Metadata();
        trailers.set("x-sum", "42");
        reply(null, call.request, trailers);
      },
      fail(_: unknown, reply: sendUnaryData<Buffer>) {
        reply({ code: status.NOT_FOUND, details: "no such thing" });
      },
      list(call: ServerWritableStream<Buffer, Buffer>) {
        for (const byte of call.request) call.write(Buffer.from([byte]));
        call.end();
      },
      hold(call: ServerWritableStream<Buffer, Buffer>) {
        cancelled = once(call, "cancelled");
        call.write(call.request);
      },
      chat(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on("data", (data: Buffer) => call.write(data));
        call.on("end", () => call.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  gateway = await startGateway(
    tableOf({
      app: { scheme: "h2c", endpoints: ready(port) },
      empty: { scheme: "h2c", endpoints: [] },
      dead: { scheme: "h2c", endpoints: ready(await deadPort()) },
    }),
  );
});
afterEach(() => {
  gateway.advance(60_000);
});
afterAll(async () => {
  await closeAll();
  server.forceShutdown();
});

function frame(message: Buffer | string): Buffer {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The messages and trailers of a body. */
function framesOf(body: Buffer): { messages: string[]; trailers: Record<string, string> } {
  const messages: string[] = [];
  let trailers: Record<string, string> = {};
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt32BE(at + 1);
    const content = body.subarray(at + 5, at + 5 + length).toString("latin1");
    if (body[at] === 0x80)
      trailers = Object.fromEntries(
        content
          .split("\r\n")
          .filter(Boolean)
          .map((line) => line.split(": ")),
      );
    else messages.push(content);
    at += 5 + length;
  }
  return { messages, trailers };
}

const call = (name: string, body: Buffer | string, type = "application/grpc-web+proto", headers: string[] = []) =>
  send(gateway, "app", {
    method: "POST",
    path: `/test.Echo/${name}`,
    headers: ["content-type", type, ...headers],
    body,
  });

/** A body of base64 pieces, each with its own padding. */
const fromBase64 = (text: string): Buffer =>
  Buffer.concat(text.split(/(?<==)(?=[^=])/).map((piece) => Buffer.from(piece, "base64")));
const framesIn = (answer: Answer) => framesOf(answer.bytes);

describe("gRPC-Web for a service of HTTP/2", () => {
  it("reaches a server of gRPC, and its trailers are the last frame", async () => {
    const answer = await call("Unary", frame("hello"), undefined, ["x-mine", "1", "grpc-timeout", "5S"]);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/grpc-web+proto"]);
    const { messages, trailers } = framesIn(answer);
    expect(messages).toEqual(["hello"]);
    expect(trailers).toMatchObject({ "grpc-status": "0", "x-sum": "42" });
    expect(seen.get("x-mine")).toEqual(["1"]);
  });

  it.each([
    ["with as many bytes as make no padding", "abcd"],
    ["with padding", "hello"],
  ])("is base64 where a browser wants it: %s", async (_, message) => {
    const body = frame(message).toString("base64");
    const answer = await call("Unary", body, "application/grpc-web-text+proto");
    expect(answer.headers["content-type"]).toBe("application/grpc-web-text+proto");
    const { messages, trailers } = framesOf(fromBase64(answer.text));
    expect([messages, trailers["grpc-status"]]).toEqual([[message], "0"]);
  });

  it("answers in the form that the client accepts", async () => {
    const answer = await call("Unary", frame("hello"), "application/grpc-web+proto", [
      "accept",
      "application/grpc-web-text",
    ]);
    expect(framesOf(fromBase64(answer.text)).messages).toEqual(["hello"]);
  });

  it.each(["application/grpc-web", "application/grpc-web-text"])("streams from the server: %s", async (type) => {
    const isText = type.endsWith("text");
    const answer = await call("List", isText ? frame("abc").toString("base64") : frame("abc"), type);
    const body = isText ? fromBase64(answer.text) : answer.bytes;
    expect(framesOf(body)).toMatchObject({ messages: ["a", "b", "c"], trailers: { "grpc-status": "0" } });
  });

  it("takes many messages, as they come", async () => {
    const request = await open(gateway, "app", {
      method: "POST",
      path: "/test.Echo/Chat",
      headers: ["content-type", "application/grpc-web", "transfer-encoding", "chunked"],
    });
    const response = once(request, "response");
    request.write(frame("one"));
    const [answer] = await response;
    expect(String((await once(answer, "data"))[0])).toBe(String(frame("one")));
    request.write(frame("two"));
    expect(String((await once(answer, "data"))[0])).toBe(String(frame("two")));
    const [last, ended] = [once(answer, "data"), once(answer, "end")];
    request.end();
    expect(String((await last)[0])).toContain("grpc-status: 0");
    await ended;
  });

  it("that a client leaves is cancelled", async () => {
    const request = await open(gateway, "app", {
      method: "POST",
      path: "/test.Echo/Hold",
      headers: ["content-type", "application/grpc-web", "transfer-encoding", "chunked"],
    });
    request.on("error", () => {});
    const response = once(request, "response");
    request.end(frame("hello"));
    const [answer] = await response;
    answer.on("error", () => {});
    await once(answer, "data");
    request.destroy();
    await cancelled;
  });

  it.each([
    ["an error of the method", "Fail", { "grpc-status": "5", "grpc-message": "no%20such%20thing" }],
    ["a method that is not there", "Nothing", { "grpc-status": "12" }],
  ])("has the status of %s in its headers or its last frame", async (_, name, expected) => {
    const answer = await call(name, frame("x"));
    expect(answer.status).toBe(200);
    expect({ ...answer.headers, ...framesIn(answer).trailers }).toMatchObject(expected);
  });

  it.each([
    ["no endpoint", "empty", "no-endpoint"],
    ["an endpoint that refuses", "dead", "unreachable"],
    ["an unknown service", "absent", "unknown-service"],
  ])("is told of %s by its own status", async (_, service, failure) => {
    const headers = ["content-type", "application/grpc-web-text"];
    const answer = await send(gateway, service, { method: "POST", headers, body: "" });
    expect([answer.status, answer.text]).toEqual([503, ""]);
    expect(answer.headers).toMatchObject({
      "content-type": "application/grpc-web-text",
      "grpc-status": "14",
      [FAILURE_HEADER]: failure,
    });
  });

  it("is told that a Pod took too long by the status for that", async () => {
    const silent = await listen(createServer(() => {}));
    const own = await startGateway(
      tableOf({ app: { scheme: "h2c", endpoints: ready(silent), serversTransport: "t" } }, 7, {
        t: { responseHeaderTimeoutMs: 50 },
      }),
    );
    const headers = ["content-type", "application/grpc-web"];
    const answer = await send(own, "app", { method: "POST", headers, body: frame("x") });
    expect([answer.status, answer.text]).toEqual([504, ""]);
    expect(answer.headers).toMatchObject({ "grpc-status": "4", [FAILURE_HEADER]: "timeout" });
  });

  it.each([
    ["is no base64", "????"],
    ["breaks off", "AAA"],
    ["has padding where none can be", "A==="],
  ])("in text that %s is refused", async (_, body) => {
    const answer = await call("Unary", body, "application/grpc-web-text");
    expect(answer.headers["grpc-status"]).toBe("14");
  });
});

describe("what is not translated", () => {
  it.each([
    ["a service of HTTP/1.1", "http", "POST", "application/grpc-web"],
    ["another method", "h2c", "PUT", "application/grpc-web"],
    ["another content type", "h2c", "POST", "application/grpc-webby"],
    ["gRPC itself", "h2c", "POST", "application/grpc"],
  ] as const)("%s", async (_, scheme, method, type) => {
    const answerType = (type: string | undefined) => type ?? "";
    const port =
      scheme === "http"
        ? await startPod((request, response) => response.end(answerType(request.headers["content-type"])))
        : await listen(createServer((request, response) => response.end(answerType(request.headers["content-type"]))));
    const own = await startGateway(tableOf({ app: { scheme, endpoints: ready(port) } }));
    const answer = await send(own, "app", { method, headers: ["content-type", type], body: "x" });
    expect(answer.text).toBe(type);
  });

  it("an answer that is not gRPC", async () => {
    const port = await listen(
      createServer((_, response) => response.writeHead(404, { "content-type": "text/html" }).end("<p>none")),
    );
    const own = await startGateway(tableOf({ app: { scheme: "h2c", endpoints: ready(port) } }));
    const headers = ["content-type", "application/grpc-web-text"];
    const answer = await send(own, "app", { method: "POST", headers, body: "AAAA" });
    expect([answer.status, answer.headers["content-type"], answer.text]).toEqual([404, "text/html", "<p>none"]);
  });
});

describe("the content type of gRPC-Web", () => {
  it.each([
    ["application/grpc-web", { mode: "binary", suffix: "" }],
    ["application/grpc-web+proto", { mode: "binary", suffix: "+proto" }],
    ["Application/gRPC-Web-Text+json; charset=utf-8", { mode: "text", suffix: "+json" }],
  ])("%s", (type, expected) => {
    expect(readGrpcWebType(type)).toEqual(expected);
  });

  it.each([undefined, "", "application/grpc", "application/grpc-webs", "text/application/grpc-web"])(
    "not %s",
    (type) => {
      expect(readGrpcWebType(type)).toBeUndefined();
    },
  );
});

describe("base64 in pieces", () => {
  it("is decoded wherever it is cut", async () => {
    const bytes = Buffer.from("any old bytes, some of them \0 zero");
    const text = [bytes.subarray(0, 10), bytes.subarray(10, 20), bytes.subarray(20)]
      .map((piece) => piece.toString("base64"))
      .join("");
    for (let size = 1; size <= text.length; size++) {
      const chunks: Buffer[] = [];
      async function* cut() {
        for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
      }
      for await (const chunk of decodeText(cut())) chunks.push(chunk);
      expect(Buffer.concat(chunks)).toEqual(bytes);
    }
  });
});
