import "reflect-metadata";
import { KeyObject } from "node:crypto";
import { EventEmitter, once } from "node:events";
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Socket } from "node:net";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type CertificatePair, makeCertificate } from "../../cli/dev/make-certificate.ts";
import { EndpointPools } from "../../relay/origin-gateway/endpoint-pools.ts";
import { FAILURE_HEADER, HOP_HEADER } from "../../src/hop/hop.ts";
import type { ServersTransport } from "../../src/table/service.ts";
import {
  closeAll,
  deadPort,
  hopTo,
  listen,
  open as openHttp1,
  ready,
  send,
  startGateway,
  startPod,
  tableOf,
} from "./gateway-harness.ts";
import { ask, closeSessions, closing, openHttp2, readAll } from "./http2-client.ts";

afterEach(closeSessions);
afterAll(closeAll);

type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A Pod that speaks HTTP/2 without TLS, and counts its connections. */
async function h2cPod(serve: Serve) {
  const server = createServer();
  return { ...watch(server), port: await listenHttp2(server, serve) };
}

function watch(server: Http2Server) {
  const sessions: ServerHttp2Session[] = [];
  const sockets: Socket[] = [];
  server.on("session", (session) => sessions.push(session));
  server.on("connection", (socket: Socket) => sockets.push(socket));
  return { sessions, sockets };
}

function listenHttp2(server: Http2Server, serve: Serve): Promise<number> {
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    serve(stream, headers);
  });
  return listen(server);
}

const h2c = (port: number, transport?: ServersTransport) =>
  startGateway(
    tableOf(
      { app: { scheme: "h2c", endpoints: ready(port), ...(transport !== undefined && { serversTransport: "t" }) } },
      7,
      transport === undefined ? {} : { t: transport },
    ),
  );

describe("trailers", () => {
  it("go from a client to a Pod and back, over HTTP/2 on both sides", async () => {
    const pod = await h2cPod((stream) => {
      stream.resume().once("trailers", ({ "x-sum": sum, host }) => {
        stream.respond({ ":status": 200 }, { waitForTrailers: true });
        stream.once("wantTrailers", () => stream.sendTrailers({ "x-back": `${sum} ${host}`, "sluice-pointer": "1" }));
        stream.end("body");
      });
    });
    const stream = await ask(
      openHttp2(await h2c(pod.port)),
      "app",
      { ":method": "POST" },
      {
        isOpen: true,
        trailers: { "x-sum": "42", host: "victim.example.com", "x-forwarded-for": "203.0.113.9" },
      },
    );
    stream.end("body");
    const { text, trailers } = await readAll(stream);
    expect([text, Object.entries(trailers)]).toEqual(["body", [["x-back", "42 undefined"]]]);
  });

  it("come from a Pod of HTTP/1.1, to clients of both", async () => {
    const port = await startPod((_, response) => {
      response.writeHead(200, { trailer: "x-sum" });
      response.addTrailers({ "x-sum": "42" });
      response.end("body");
    });
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
    expect((await readAll(await ask(openHttp2(gateway), "app"))).trailers["x-sum"]).toBe("42");
    const request = await openHttp1(gateway, "app");
    const response = once(request, "response");
    request.end();
    const [answer] = await response;
    await once(answer.resume(), "end");
    expect(answer.trailers).toEqual({ "x-sum": "42" });
  });

  it("of an answer without a body stand in its place", async () => {
    const pod = await h2cPod((stream) => {
      stream.respond({ ":status": 200, "grpc-status": "5" }, { endStream: true });
    });
    const { headers, text } = await readAll(await ask(openHttp2(await h2c(pod.port)), "app"));
    expect([headers["grpc-status"], text]).toEqual(["5", ""]);
  });
});

describe("a Pod of HTTP/2", () => {
  it("gets many requests on one connection", async () => {
    const pod = await h2cPod((stream, headers) => {
      stream.respond({ ":status": 200 });
      stream.end(headers[":path"]);
    });
    const gateway = await h2c(pod.port);
    const session = openHttp2(gateway);
    const paths = Array.from({ length: 80 }, (_, i) => `/${i}`);
    const answers = await Promise.all(
      paths.map(async (path) => (await readAll(await ask(session, "app", { ":path": path }))).text),
    );
    expect(answers).toEqual(paths);
    expect(pod.sessions.length).toBe(1);
  });

  it("gets no more requests on a connection than it takes", async () => {
    let [open, most] = [0, 0];
    const waiting: (() => void)[] = [];
    const server = createServer({ settings: { maxConcurrentStreams: 2 } });
    const port = await listenHttp2(server, (stream) => {
      most = Math.max(most, ++open);
      waiting.push(() => {
        open--;
        stream.respond({ ":status": 200 });
        stream.end();
      });
      if (waiting.length === 4) for (const answer of waiting) answer();
    });
    const gateway = await h2c(port);
    const session = openHttp2(gateway);
    const first = readAll(await ask(session, "app"));
    await expect.poll(() => waiting.length).toBe(1);
    const rest = [1, 2, 3].map(async () => readAll(await ask(session, "app")));
    for (const { status } of await Promise.all([first, ...rest])) expect(status).toBe(200);
    expect(most).toBe(4);
  });

  it("that ends a connection is asked on another, and what it did not begin is sent again", async () => {
    let refused = 0;
    const pod = await h2cPod((stream, headers) => {
      if (headers[":path"] === "/refused" && refused++ === 0) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      stream.respond({ ":status": 200 });
      stream.end(headers[":method"]);
    });
    const gateway = await h2c(pod.port);
    expect((await send(gateway, "app")).text).toBe("GET");
    const [session] = pod.sessions;
    session?.close();
    for (let i = 0; i < 3; i++) expect((await send(gateway, "app")).text).toBe("GET");
    const post = await send(gateway, "app", { method: "POST", path: "/refused" });
    expect([post.text, refused]).toEqual(["POST", 2]);
    expect(gateway.stats().refusedDials).toBe(0);
  });

  it.each([
    ["GET", undefined],
    ["POST", "a body"],
  ])("that resets a %s is no refused dial, and the client sees it", async (method, body) => {
    const pod = await h2cPod((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    const gateway = await h2c(pod.port);
    const answer = await send(gateway, "app", { method, ...(body !== undefined && { body }) });
    expect([answer.status, answer.headers[FAILURE_HEADER]]).toEqual([502, "broken"]);
    expect(gateway.stats().refusedDials).toBe(0);
  });

  it.each([
    ["resets a stream", (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
    ["cancels a stream", (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ["loses its connection", (_: ServerHttp2Stream, socket?: Socket) => socket?.resetAndDestroy()],
  ])("that %s in the middle of an answer cuts it for the client", async (_, cut) => {
    const pod = await h2cPod((stream) => {
      // Node ends a stream that it resets, unless trailers are to come.
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.write("begun", () => cut(stream, pod.sockets.at(-1)));
    });
    const gateway = await h2c(pod.port);
    const stream = await ask(openHttp2(gateway), "app");
    await closing(stream.resume());
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    await expect(send(gateway, "app")).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("is told when the client goes away", async () => {
    const pods = new EventEmitter();
    const pod = await h2cPod((stream) => {
      stream.once("close", () => pods.emit("closed", stream.rstCode));
      stream.respond({ ":status": 200 });
      stream.write("begun");
    });
    const closed = once(pods, "closed");
    const stream = await ask(openHttp2(await h2c(pod.port)), "app", { ":method": "POST" }, { isOpen: true });
    stream.write("begun");
    await once(stream, "data");
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await closed).toEqual([constants.NGHTTP2_CANCEL]);
  });

  it("that answers before it has read the request is heard", async () => {
    const pod = await h2cPod((stream) => {
      stream.respond({ ":status": 413 });
      stream.end("too large");
    });
    const stream = await ask(openHttp2(await h2c(pod.port)), "app", { ":method": "POST" }, { isOpen: true });
    stream.write("begun");
    expect(await readAll(stream)).toMatchObject({ status: 413, text: "too large" });
  });

  it("waits for a client that does not read, and a client for it", async () => {
    const block = Buffer.alloc(1024 * 1024);
    let written = 0;
    const pod = await h2cPod((stream, headers) => {
      stream.respond({ ":status": 200 });
      if (headers[":path"] !== "/down") return;
      const more = (): void => {
        while (written < 64 && stream.write(block)) written++;
        if (written >= 64) stream.end();
        else written++;
      };
      stream.on("drain", more);
      more();
    });
    const session = openHttp2(await h2c(pod.port));
    const down = await ask(session, "app", { ":path": "/down" });
    const up = await ask(session, "app", { ":method": "POST" }, { isOpen: true });
    await once(down, "response");
    let sent = 0;
    // Whoever buffers takes it as fast as it comes: give it many turns to do so.
    for (let turn = 0; turn < 300; turn++) {
      if (!up.writableNeedDrain && sent < 64) {
        up.write(block);
        sent++;
      }
      await new Promise(setImmediate);
    }
    expect(written).toBeLessThan(16);
    expect(sent).toBeLessThan(16);
    up.close();
    let received = 0;
    for await (const chunk of down) received += (chunk as Buffer).length;
    expect(received).toBeGreaterThanOrEqual(64 * block.length);
  });

  it("that is not there is a refused dial", async () => {
    const gateway = await h2c(await deadPort());
    const answer = await send(gateway, "app", { method: "POST", body: "x" });
    expect(answer.headers[FAILURE_HEADER]).toBe("unreachable");
    expect(gateway.stats().refusedDials).toBe(1);
  });

  describe("whose settings are others by the time that it is connected to", () => {
    async function dialled() {
      const pod = await h2cPod((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
      const pools = new EndpointPools(() => performance.now());
      const table = tableOf({ app: { scheme: "h2c", endpoints: ready(pod.port), serversTransport: "t" } }, 7, {
        t: { idleConnTimeoutMs: 0 },
      });
      const { app: service } = table.services;
      if (service?.type !== "loadBalancer") return expect.unreachable();
      const target = { address: "127.0.0.1", authority: `127.0.0.1:${pod.port}`, isTerminating: false };
      const pool = pools.get(target, service, table.serversTransports.t, false);
      const send = () => {
        const { dispatcher, release } = pool.take({ maxIdleMs: 1_000, watchMs: 0 });
        const outcome = new Promise((resolve) => {
          const end = (outcome: unknown) => {
            release(true);
            resolve(outcome);
          };
          dispatcher.dispatch(
            { path: "/", method: "GET", headers: ["host", "a"], body: null },
            { onResponseEnd: () => end("answered"), onResponseError: (_, error) => end(error) },
          );
        });
        return { outcome, release };
      };
      const isLeft = async () => {
        while (pod.sockets.length === 0) await new Promise(setImmediate);
        const [socket] = pod.sockets;
        if (socket !== undefined && !socket.closed) await once(socket, "close");
        return pod.sockets.length;
      };
      return { pool, send, isLeft };
    }

    it("is asked what it was dialled for, and let go then", async () => {
      const { pool, send, isLeft } = await dialled();
      const sent = [send(), send()];
      pool.retire();
      expect(await Promise.all(sent.map(({ outcome }) => outcome))).toEqual(["answered", "answered"]);
      expect(await isLeft()).toBe(1);
    });

    it("is let go when nobody waits for it any more", async () => {
      const { pool, send, isLeft } = await dialled();
      send().release(false);
      pool.retire();
      expect(await isLeft()).toBe(1);
    });
  });

  it("that speaks only HTTP/1.1 is no answer", async () => {
    const gateway = await h2c(await startPod((_, response) => response.end("?")));
    expect((await send(gateway, "app")).headers[FAILURE_HEADER]).toBe("broken");
  });

  it("that shows no sign of life loses its connection", async () => {
    // As behind a cable that was pulled.
    const port = await listen(createTcpServer((socket) => socket.on("error", () => {}).resume()));
    const gateway = await h2c(port, { readIdleTimeoutMs: 30, pingTimeoutMs: 30 });
    const answer = await send(gateway, "app", { method: "POST" });
    expect(answer.headers[FAILURE_HEADER]).toBe("broken");
  });
});

describe("a Pod of TLS", () => {
  let pair: CertificatePair;
  beforeAll(async () => {
    pair = await makeCertificate(["127.0.0.1"], Date.now());
  });

  async function tlsPod() {
    const server = createSecureServer({ ...pair, allowHTTP1: true });
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (ws) => ws.on("message", (data) => ws.send(String(data)))),
    );
    let connections = 0;
    server.on("secureConnection", () => connections++);
    server.on("request", (request, response) => response.end(request.httpVersion));
    return { port: await listen(server), connections: () => connections };
  }
  const gatewayTo = (port: number, transport: ServersTransport) =>
    startGateway(
      tableOf({ app: { scheme: "https", endpoints: ready(port), serversTransport: "t" } }, 7, {
        t: { rootCAs: [pair.cert], ...transport },
      }),
    );

  it("is spoken to over HTTP/2 when it can, by all on one connection", async () => {
    const pod = await tlsPod();
    const gateway = await gatewayTo(pod.port, {});
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(gateway, "app")));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["2.0"]));
    expect((await send(gateway, "app", { method: "PUT", body: "x" })).text).toBe("2.0");
    expect(pod.connections()).toBe(1);
  });

  it("is left no connection that nobody uses, where none are kept", async () => {
    const server = createTlsServer(pair, (_, response) => response.end("fine"));
    const closed: Promise<unknown>[] = [];
    server.on("connection", (socket) => closed.push(new Promise((resolve) => socket.once("close", resolve))));
    const gateway = await gatewayTo(await listen(server), { maxIdleConnsPerHost: -1 });
    expect((await send(gateway, "app")).text).toBe("fine");
    // One to ask what it speaks, and the request's own.
    expect(closed).toHaveLength(2);
    await Promise.all(closed);
  });

  it("is left no connection by a request that was given up before it was known what is spoken", async () => {
    const server = createTlsServer(pair);
    const connected = once(server, "connection") as Promise<[Socket]>;
    const port = await listen(server);
    const pools = new EndpointPools(() => performance.now());
    const table = tableOf({ app: { scheme: "https", endpoints: ready(port), serversTransport: "t" } }, 7, {
      t: { rootCAs: [pair.cert] },
    });
    const { app: service } = table.services;
    if (service?.type !== "loadBalancer") return expect.unreachable();
    const target = { address: "127.0.0.1", authority: `127.0.0.1:${port}`, isTerminating: false };
    const connection = pools
      .get(target, service, table.serversTransports.t, false)
      .take({ maxIdleMs: 1_000, watchMs: 0 });
    connection.dispatcher.dispatch({ path: "/", method: "GET", headers: [], body: null }, {});
    connection.release(false);
    const [socket] = await connected;
    await once(socket, "close");
    await pools.destroy();
  });

  it("is spoken to over HTTP/1.1 when the transport says so", async () => {
    const gateway = await gatewayTo((await tlsPod()).port, { disableHttp2: true });
    expect((await send(gateway, "app")).text).toBe("1.1");
  });

  describe("whose certificate must name a URI", () => {
    let named: CertificatePair;
    beforeAll(async () => {
      named = await certificateFor("spiffe://cluster/ns/app");
    });
    const ask = async (peerCertUri: string, transport: ServersTransport = {}) => askBy({ peerCertUri, ...transport });
    const askBy = async (transport: ServersTransport) => {
      const server = createSecureServer({ ...named, allowHTTP1: true });
      server.on("request", (request, response) => response.end(request.httpVersion));
      const gateway = await gatewayTo(await listen(server), { rootCAs: [named.cert], ...transport });
      return send(gateway, "app");
    };

    it.each<[string, ServersTransport, string]>([
      ["over HTTP/2", {}, "2.0"],
      ["over HTTP/1.1", { disableHttp2: true }, "1.1"],
      ["and nothing else", { insecureSkipVerify: true }, "2.0"],
    ])("is asked when it does, %s", async (_, transport, version) => {
      expect((await ask("SPIFFE://cluster/ns/app", transport)).text).toBe(version);
    });

    it.each<[string, ServersTransport]>([
      ["spiffe://cluster/ns/other", {}],
      ["spiffe://cluster/ns", {}],
      ["spiffe://cluster/ns/other", { disableHttp2: true }],
      ["spiffe://cluster/ns/other", { insecureSkipVerify: true }],
    ])("is not when it does not name %s, %o", async (uri, transport) => {
      expect((await ask(uri, transport)).headers[FAILURE_HEADER]).toBe("unreachable");
    });

    const dns = (value: string) => ({ type: "dns" as const, value });
    const uri = (value: string) => ({ type: "uri" as const, value });
    it.each<[string, ServersTransport, boolean]>([
      ["one of several names", { peerCertSans: [dns("other.example"), dns("127.0.0.1")] }, true],
      ["a URI among them", { peerCertSans: [dns("other.example"), uri("spiffe://cluster/ns/app")] }, true],
      ["the URI beside them", { peerCertSans: [dns("other.example")], peerCertUri: "spiffe://cluster/ns/app" }, true],
      ["no name of them", { peerCertSans: [dns("other.example"), uri("spiffe://cluster/ns/other")] }, false],
      ["a name as what it is not", { peerCertSans: [dns("spiffe://cluster/ns/app"), uri("127.0.0.1")] }, false],
    ])("has %s: %o", async (_, transport, isAsked) => {
      const { text, headers } = await askBy(transport);
      expect([headers[FAILURE_HEADER], text === "2.0"]).toEqual([isAsked ? undefined : "unreachable", isAsked]);
    });

    it.each(["TLSv1.2", "TLSv1.3"] as const)("is asked on each new connection, over %s", async (version) => {
      const server = createSecureServer({ ...named, allowHTTP1: true, minVersion: version, maxVersion: version });
      server.on("request", (_, response) => {
        response.setHeader("connection", "close");
        response.end("fine");
      });
      const gateway = await gatewayTo(await listen(server), {
        ...{ rootCAs: [named.cert], peerCertUri: "spiffe://cluster/ns/app", disableHttp2: true },
      });
      for (let i = 0; i < 3; i++) expect((await send(gateway, "app")).text).toBe("fine");
    });

    it("counts only when an authority vouches for it, also where the server's name does not matter", async () => {
      const stranger = await certificateFor("spiffe://cluster/ns/app");
      const transport = { peerCertUri: "spiffe://cluster/ns/app", insecureSkipVerify: true };
      expect((await askBy({ ...transport, rootCAs: [stranger.cert] })).headers[FAILURE_HEADER]).toBe("unreachable");
      expect((await askBy({ ...transport, serverName: "elsewhere.example" })).text).toBe("2.0");
    });
  });

  it("gets WebSockets over HTTP/1.1", async () => {
    const gateway = await gatewayTo((await tlsPod()).port, {});
    expect((await send(gateway, "app")).text).toBe("2.0");
    const { host, port } = gateway.address;
    const socket = new WebSocket(`ws://${host}:${port}/`, { headers: { [HOP_HEADER]: await hopTo("app") } });
    await once(socket, "open");
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    socket.terminate();
  });
});

/** A self-signed certificate for 127.0.0.1 that names a URI too. */
async function certificateFor(uri: string): Promise<CertificatePair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: "url", value: uri },
        { type: "ip", value: "127.0.0.1" },
      ]),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  return { cert: certificate.toString("pem"), key: String(key) };
}
