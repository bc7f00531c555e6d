import { EventEmitter, once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import {
  connect as connectHttp2,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { connect, createServer as createTcpServer } from "node:net";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { RunningGateway } from "../../relay/origin-gateway/start-gateway.ts";
import { HOP_HEADER } from "../../src/hop/hop.ts";
import type { ServersTransport } from "../../src/table/service.ts";
import {
  closeAll,
  hopTo,
  linesOf,
  listen,
  open,
  read,
  ready,
  send,
  startGateway,
  startPod,
  tableOf,
} from "./gateway-harness.ts";
import { ask, closeSessions, openHttp2 } from "./http2-client.ts";

afterEach(closeSessions);
afterAll(closeAll);

/** @returns the port of a Pod that speaks HTTP/2 without TLS */
function h2cPod(
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  server: Http2Server = createServer(),
): Promise<number> {
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    serve(stream, headers);
  });
  return listen(server);
}

const h2c = (port: number, transport: ServersTransport = {}): Promise<RunningGateway> =>
  startGateway(tableOf({ app: { scheme: "h2c", endpoints: ready(port), serversTransport: "t" } }, 7, { t: transport }));

const answerTo = async (gateway: RunningGateway): Promise<IncomingMessage> => {
  const request = await open(gateway, "app");
  const [response] = (await once(request.end(), "response")) as [IncomingMessage];
  return response;
};

describe("a Pod of HTTP/2 that says nothing for long", () => {
  it("is asked for signs of life again and again; once it shows none, what it was answering is cut", async () => {
    const pings = new EventEmitter();
    const server = createServer();
    server.on("session", (session: ServerHttp2Session) => session.on("ping", () => pings.emit("ping")));
    const pod = await h2cPod((stream) => {
      stream.respond();
      stream.write("begun");
    }, server);
    const cable = createTcpServer((near) => {
      const far = connect(pod, "127.0.0.1");
      for (const end of [near, far]) end.on("error", () => {});
      near.pipe(far).pipe(near);
      near.once("close", () => far.destroy());
      pings.once("enough", () => {
        near.unpipe(far).resume();
        far.unpipe(near).resume();
      });
    });
    const gateway = await h2c(await listen(cable), { readIdleTimeoutMs: 30, pingTimeoutMs: 500 });
    const response = await answerTo(gateway);
    const cut = once(response.resume(), "aborted");
    for (let ping = 0; ping < 3; ping++) await once(pings, "ping");
    pings.emit("enough");
    await cut;
    expect(response.complete).toBe(false);
  });
});

describe("an answer over HTTP/2", () => {
  it("that ends before its length is cut: nobody takes the next one for its rest", async () => {
    const begun = new EventEmitter();
    const pod = await h2cPod((stream) => {
      stream.respond({ "content-length": "1000" });
      stream.write("a");
      // A reset without an error, and without the end of the body.
      begun.once("cut", () => stream.destroy());
    });
    const response = await answerTo(await h2c(pod));
    const cut = once(response.resume(), "aborted");
    begun.emit("cut");
    await cut;
    expect(response.complete).toBe(false);
  });

  it.each(["HEAD", "GET"])("may tell a length that has no body: %s", async (method) => {
    const pod = await h2cPod((stream) => {
      stream.respond({ ":status": method === "HEAD" ? 200 : 304, "content-length": "1000" }, { endStream: true });
    });
    const { headers, text } = await send(await h2c(pod), "app", { method });
    expect([headers["content-length"], text]).toEqual(["1000", ""]);
  });
});

describe("headers as many and as long as over HTTP/1.1", () => {
  it.each([
    [600, 10],
    [10, 9_000],
  ])("go to a Pod of HTTP/2 and back: %i lines of %i bytes", async (count, length) => {
    const server = createServer({ maxHeaderListPairs: 2_000, maxSendHeaderBlockLength: 1 << 20 });
    const isOwn = (name: string): boolean => name.startsWith("x-own");
    const pod = await h2cPod((stream, headers) => {
      const own = Object.entries(headers).filter(([name]) => isOwn(name));
      stream.respond(Object.fromEntries(own));
      stream.end(String(own.length));
    }, server);
    const { host, port } = (await h2c(pod)).address;
    const lines = Array.from({ length: count }, (_, i) => [`x-own-${i}`, "v".repeat(length)]).flat();
    const headers = ["host", "gateway.internal", HOP_HEADER, await hopTo("app"), ...lines];
    const request = httpRequest({ host, port, maxHeaderSize: 256 * 1024, setDefaultHeaders: false, headers });
    const [response] = (await once(request.end(), "response")) as [IncomingMessage];
    const { text, rawHeaders } = await read(response);
    expect(text).toBe(String(count));
    expect(rawHeaders.filter(isOwn)).toHaveLength(count);
  });
});

describe("lines of a header that should have one", () => {
  const twice = ["content-type", "a/b", "Content-Type", "c/d", "dnt", "1", "dnt", "1"];

  it("go to a Pod of HTTP/2 as over HTTP/1.1, without what HTTP/2 refuses", async () => {
    const server = createServer();
    const seen = once(server, "stream") as Promise<[ServerHttp2Stream, unknown, unknown, string[]]>;
    const gateway = await h2c(
      await h2cPod((stream) => stream.respond({ ":status": 204 }, { endStream: true }), server),
    );
    const answer = await send(gateway, "app", { headers: [...twice, "http2-settings", "AAAA", "upgrade", "h2c"] });
    expect([answer.status, gateway.stats().refusedDials]).toEqual([204, 0]);
    const [, , , lines] = await seen;
    expect(linesOf(lines, "content-type")).toEqual(["a/b", "c/d"]);
    expect(linesOf(lines, "dnt")).toEqual(["1", "1"]);
    expect(linesOf(lines, "http2-settings")).toEqual([]);
  });

  it("come from a Pod to an edge of HTTP/2 as over HTTP/1.1, without what HTTP/2 refuses", async () => {
    const pod = await startPod((_, response) => {
      response.writeHead(200, [...twice, "http2-settings", "AAAA"]);
      response.end("ok");
    });
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod) } }));
    const stream = await ask(openHttp2(gateway), "app");
    const [, , lines] = (await once(stream, "response")) as [unknown, unknown, string[]];
    expect(linesOf(lines, "content-type")).toEqual(["a/b", "c/d"]);
    expect(linesOf(lines, "http2-settings")).toEqual([]);
  });
});

describe("requests share a connection of HTTP/2 with very many", () => {
  it("whose clients do not read their answers", async () => {
    const pod = await startPod((request, response) => {
      if (request.url === "/long") response.write(Buffer.alloc(512 * 1024));
      else response.end("ok");
    });
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod) } }));
    const session = connectHttp2(`http://${gateway.address.host}:${gateway.address.port}`, { maxSessionMemory: 1_024 });
    for (let i = 0; i < 400; i++) {
      const stream = await ask(session, "app", { ":path": "/long" });
      await once(stream.pause(), "response");
    }
    const [headers] = await once(await ask(session, "app"), "response");
    expect(headers[":status"]).toBe(200);
    session.destroy();
  });

  it("whose Pod does not read them", async () => {
    const pods = new EventEmitter();
    const server = createServer({ maxSessionMemory: 1_024, settings: { maxConcurrentStreams: 1_000 } });
    const pod = await h2cPod((stream, headers) => {
      if (headers[":method"] === "POST") pods.emit("begun");
      else stream.respond({ ":status": 204 }, { endStream: true });
    }, server);
    const gateway = await h2c(pod);
    const uploads = [];
    for (let i = 0; i < 240; i++) {
      const begun = once(pods, "begun");
      const upload = await open(gateway, "app", { method: "POST", headers: ["transfer-encoding", "chunked"] });
      upload.on("error", () => {}).write(Buffer.alloc(512 * 1024));
      uploads.push(upload);
      await begun;
    }
    for (let i = 0; i < 10; i++) expect(await send(gateway, "app")).toMatchObject({ status: 204 });
    for (const upload of uploads) upload.destroy();
  });
});

describe("an edge of HTTP/2", () => {
  it("that ends its side of the connection takes its requests with it", async () => {
    const pods = new EventEmitter();
    const pod = await startPod((request) => {
      request.on("error", () => {}).once("close", () => pods.emit("closed", request.complete));
      request.once("data", () => pods.emit("begun"));
    });
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod) } }));
    const socket = connect({ ...gateway.address, allowHalfOpen: true });
    const session = connectHttp2("http://gateway.internal", { createConnection: () => socket });
    session.on("error", () => {});
    const [begun, closed] = [once(pods, "begun"), once(pods, "closed")];
    const stream = await ask(session, "app", { ":method": "POST" }, { isOpen: true });
    stream.write("half");
    await begun;
    socket.end();
    expect(await closed).toEqual([false]);
    session.destroy();
  });
});
