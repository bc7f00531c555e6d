import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { decodeHop } from "../../src/hop/decode-hop.ts";
import type { Service } from "../../src/table/service.ts";
import { balancer } from "./service-harness.ts";

// Streams, WebSockets and compressed bodies are where workerd and Node differ: what they do is shown in workerd itself.

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const cookie = { name: "s", path: "/", secure: false, httpOnly: false, maxAge: 0 };
const services: Record<string, Service> = {
  a: balancer("a"),
  b: balancer("b"),
  sticky: { type: "weighted", children: [{ service: "a", weight: 1, cookieValue: "a" }], sticky: cookie },
  mirroring: {
    type: "mirroring",
    service: "a",
    mirrorBody: true,
    maxBodySize: -1,
    mirrors: [{ service: "b", percent: 100 }],
  },
  failover: { type: "failover", service: "a", fallback: "b" },
};

let gateway: Server;
let miniflare: Miniflare;
let edge: URL;
let answers: Record<string, Answer>;

beforeAll(async () => {
  gateway = createServer((incoming, response) => {
    const hop = decodeHop(String(incoming.headers["sluice-hop"]));
    void answers[hop?.service ?? ""]?.(incoming, response);
  }).listen(0, "127.0.0.1");
  const sockets = new WebSocketServer({ server: gateway });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`echo ${data}`)));
  await once(gateway, "listening");
  const bundle = await build({
    entryPoints: [new URL("workerd-entry.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    target: "es2024",
    write: false,
  });
  const address = `127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: "edge",
          modules: true,
          script: bundle.outputFiles[0]?.text ?? "",
          compatibilityDate: "2026-11-17",
          bindings: { SERVICES: JSON.stringify(services) },
          serviceBindings: { ORIGIN: { external: { address, http: {} } } },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
    }),
  );
  edge = await miniflare.unsafeGetDirectURL("edge");
});

afterAll(async () => {
  await miniflare.dispose();
  gateway.closeAllConnections();
  await new Promise((resolve) => gateway.close(resolve));
});

beforeEach(() => {
  answers = {};
});

async function ask(path: string, body?: Buffer | Readable, headers: Record<string, string | number> = {}) {
  const outgoing = request(new URL(path, edge), { method: body === undefined ? "GET" : "POST", headers });
  const answered = once(outgoing, "response");
  if (body instanceof Readable) body.pipe(outgoing);
  else outgoing.end(body);
  const [response] = (await answered) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

const counted = async () => JSON.parse((await ask("/counted")).body.toString()) as string[];
const framing = ({ headers }: IncomingMessage) => headers["content-length"] ?? headers["transfer-encoding"];
const hash = (data: Buffer) => createHash("sha256").update(data).digest("hex");

/** Answers with what was received, and hands it out. */
function receiver() {
  const received = Promise.withResolvers<{ framing: string | undefined; hash: string }>();
  const answer: Answer = async (incoming, response) => {
    const body = await buffer(incoming);
    received.resolve({ framing: framing(incoming), hash: hash(body) });
    response.end(String(body.length));
  };
  return { answer, received: received.promise };
}

const data = Buffer.alloc(3_000_000, "0123456789abcdef");

it.each([
  ["of a known length", () => data, { "content-length": data.length }, String(data.length)],
  ["in chunks", () => Readable.from([data.subarray(0, 10), data.subarray(10)]), {}, "chunked"],
])("a mirrored body %s reaches both services whole", async (_, body, headers, expected) => {
  const [main, mirror] = [receiver(), receiver()];
  answers = { a: main.answer, b: mirror.answer };
  const response = await ask("/mirroring", body(), headers);
  expect(response.body.toString()).toBe(String(data.length));
  expect(await main.received).toEqual({ framing: expected, hash: hash(data) });
  expect(await mirror.received).toEqual({ framing: expected, hash: hash(data) });
});

it("a mirror that never reads holds nothing back", async () => {
  const main = receiver();
  const cut = Promise.withResolvers<Error>();
  const stuck = Promise.withResolvers<IncomingMessage>();
  answers = {
    a: main.answer,
    b: (incoming) => {
      stuck.resolve(incoming.on("error", cut.resolve));
    },
  };
  const large = Buffer.alloc(30_000_000, "x");
  const response = await ask("/mirroring", large, { "content-length": large.length });
  expect(response.body.toString()).toBe(String(large.length));
  expect((await main.received).hash).toBe(hash(large));
  (await stuck.promise).resume();
  expect((await cut.promise).message).toBe("aborted");
  expect(await counted()).toContain("mirror-cut b");
});

it.each([
  ["of a known length", { "content-length": 50_000 }, "50000"],
  ["in chunks", { "transfer-encoding": "chunked" }, "chunked"],
])("a body %s reaches the fallback whole", async (_, headers, expected) => {
  const spare = receiver();
  answers = {
    a: (incoming, response) => {
      incoming.once("data", () => {
        incoming.pause();
        response.writeHead(502, { "sluice-failure": "unreachable" }).end("Bad Gateway");
      });
    },
    b: spare.answer,
  };
  const body = data.subarray(0, 50_000);
  const response = await ask("/failover", body, headers);
  expect([response.status, response.body.toString(), response.headers["sluice-failure"]]).toEqual([
    200,
    "50000",
    undefined,
  ]);
  expect(await spare.received).toEqual({ framing: expected, hash: hash(body) });
});

it("a compressed answer keeps its bytes when a cookie is added", async () => {
  const compressed = gzipSync("hello ".repeat(1000));
  answers = {
    a: (_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "set-cookie": ["x=1", "y=2"] }).end(compressed);
    },
  };
  const response = await ask("/sticky", undefined, { "accept-encoding": "gzip" });
  expect(response.headers["set-cookie"]).toEqual(["x=1", "y=2", "s=a; Path=/"]);
  expect(response.body.equals(compressed)).toBe(true);
});

it.each([204, 304])("an answer of %i stays without a body", async (status) => {
  answers = {
    a: (_, response) => {
      response.writeHead(status, { "sluice-pointer": "1.7.root.cluster" }).end();
    },
  };
  const response = await ask("/sticky");
  expect([response.status, response.body.length, response.headers["sluice-pointer"]]).toEqual([status, 0, undefined]);
  expect(await counted()).toContain("generation 7");
});

it("a WebSocket passes with its cookie", async () => {
  const socket = new WebSocket(new URL("/sticky", edge).href.replace("http", "ws"));
  const upgraded = once(socket, "upgrade") as Promise<[IncomingMessage]>;
  await once(socket, "open");
  const echoed = once(socket, "message");
  socket.send("hello");
  expect(String((await echoed)[0])).toBe("echo hello");
  expect((await upgraded)[0].headers["set-cookie"]).toEqual(["s=a; Path=/"]);
  socket.close();
  await once(socket, "close");
});

it("a redirect is the client's to follow", async () => {
  answers = {
    a: (_, response) => {
      response.writeHead(302, { location: "/elsewhere" }).end();
    },
  };
  const response = await ask("/a");
  expect([response.status, response.headers.location]).toEqual([302, "/elsewhere"]);
});

it.each([
  ["that never answers", () => {}, ["mirror-failed b"]],
  [
    "whose answer never ends",
    (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200).write("x".repeat(100_000));
    },
    ["mirrored b"],
  ],
])("a mirror %s is let go", async (_, answer, expected) => {
  const gone = Promise.withResolvers<void>();
  answers = {
    a: (__, response) => {
      response.end("main");
    },
    b: (incoming, response) => {
      response.on("close", gone.resolve);
      answer(incoming, response);
    },
  };
  // One without a body is the gateway's to end.
  expect((await ask("/mirroring?hurry", Buffer.from("x"))).body.toString()).toBe("main");
  await gone.promise;
  expect(await counted()).toEqual(expected);
});

it("an origin that is not there is an answer, not an empty reply", async () => {
  answers = {
    a: (incoming) => {
      incoming.destroy();
    },
  };
  const response = await ask("/sticky");
  expect([response.status, response.body.toString()]).toEqual([502, "Bad Gateway"]);
});
