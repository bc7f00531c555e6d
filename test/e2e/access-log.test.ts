import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { runExample } from "./run-example.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { type SendOptions, send } from "./send.ts";

const poll = <T>(read: () => T) => expect.poll(read, { timeout: 15_000, interval: 20 });
type Fields = Record<string, unknown>;

it("the example logs what its configuration asks for", async () => {
  const lines: string[] = [];
  const { dev, ask } = await runExample("access-log/manifests", {
    config: "examples/access-log/traefik.yaml",
    writeAccess: (line) => lines.push(line),
  });
  expect(dev.problems().filter(({ code }) => code !== "service-no-endpoints" && code !== "service-not-found")).toEqual(
    [],
  );
  const internal = dev.url("internal");
  const headers = { Authorization: "Bearer s3cret", "User-Agent": "curl/8", Cookie: "a=1" };
  await ask("shop.example.com", "/healthz");
  await send(internal, "/", { host: "shop.example.com" });
  await ask("shop.example.com", "/cart?card=4711", { headers });
  await ask("nobody.example.com", "/");
  await send(internal, "/", { host: "audit.example.com" });
  await poll(() => lines.length).toBe(3);

  const [cart, nobody, audit] = lines.map((line): Fields => JSON.parse(line));
  expect(cart).toMatchObject({
    entryPointName: "web",
    RouterName: expect.stringMatching(/^default-shop-[0-9a-f]{20}@kubernetescrd$/),
    ServiceName: expect.stringMatching(/^default-shop-[0-9a-f]{20}@kubernetescrd$/),
    ServiceURL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    ClientHost: "127.0.0.1",
    RequestHost: "shop.example.com",
    RequestMethod: "GET",
    RequestPath: "/cart",
    OriginStatus: 200,
    DownstreamStatus: 200,
    RetryAttempts: 0,
    "request_User-Agent": "curl/8",
    request_Authorization: "REDACTED",
  });
  expect(cart).not.toHaveProperty("StartLocal");
  expect(cart).not.toHaveProperty("request_Cookie");
  expect(lines.join()).not.toMatch(/s3cret|4711/);
  expect(nobody).toMatchObject({ DownstreamStatus: 404, RequestHost: "nobody.example.com" });
  expect(nobody).not.toHaveProperty("RouterName");
  expect(audit).toMatchObject({ entryPointName: "internal", RequestHost: "audit.example.com" });
});

/** A Pod that opens WebSockets, and says nothing more. */
async function startSockets(): Promise<http.Server> {
  const server = http.createServer();
  server.on("upgrade", ({ headers }, socket) => {
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.on("error", () => {});
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on("end", () => socket.end());
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Lets in `ann` with the password `test`. */
const login = `---
apiVersion: v1
kind: Secret
metadata: { name: users }
stringData: { users: "ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=" }
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: login }
spec: { basicAuth: { secret: users } }
`;

describe("what is told of a request", () => {
  const lines: string[] = [];
  let backend: Backend;
  let sockets: http.Server;
  let running: Running;
  /** What an answer waits for between its two halves. */
  let gate = Promise.withResolvers<void>();

  beforeAll(async () => {
    backend = await startBackend("app", async (request, response) => {
      switch (request.url) {
        case "/chunks":
          response.write("first");
          await gate.promise;
          response.end("last");
          return;
        case "/never":
          return;
        case "/gzip":
          response.setHeader("content-encoding", "gzip");
          response.end(gzipSync("text ".repeat(100)));
          return;
        case "/empty":
          response.statusCode = 204;
          response.end();
          return;
        case "/large":
          response.setHeader("content-length", String(4 * 1024 * 1024));
          response.end(Buffer.alloc(4 * 1024 * 1024));
          return;
        default:
          response.setHeader("content-length", "2");
          response.end("ok");
      }
    });
    sockets = await startSockets();
    running = await runManifests(
      [
        serviceManifest("app", [backend.port]),
        serviceManifest("gone", [1]),
        routeManifest("app", "Host(`app.example.com`)", ["{ name: app, port: 80 }"]),
        routeManifest("safe", "Host(`safe.example.com`)", ["{ name: app, port: 80, middlewares: [{ name: login }] }"]),
        login,
        serviceManifest("socket", [(sockets.address() as AddressInfo).port]),
        routeManifest("socket", "Host(`socket.example.com`)", ["{ name: socket, port: 80 }"]),
        routeManifest("gone", "Host(`gone.example.com`)", ["{ name: gone, port: 80 }"]),
      ].join(""),
      { accessLog: true, writeAccess: (line) => lines.push(line) },
    );
  });
  afterAll(async () => {
    await running?.close();
    await backend?.close();
    sockets?.close();
  });

  const host = "app.example.com";
  const lineAfter = async (act: () => Promise<unknown>): Promise<string> => {
    lines.length = 0;
    await act();
    await poll(() => lines.length).toBe(1);
    return lines[0] ?? "";
  };
  const ask = (path: string, options: Parameters<typeof send>[2] = {}) =>
    send(running.url("web"), path, { host, ...options });

  it.each<[string, string, SendOptions, number, number]>([
    ["a body of known length", "/", {}, 200, 2],
    ["HEAD", "/", { method: "HEAD" }, 200, 0],
    ["no body", "/empty", {}, 204, 0],
    ["a large body", "/large", {}, 200, 4 * 1024 * 1024],
    ["a request with a body", "/", { method: "POST", body: "twelve bytes" }, 200, 2],
  ])("%s", async (_, path, options, status, bytes) => {
    let length = -1;
    const line = await lineAfter(async () => {
      const answer = await ask(path, options);
      length = Number(answer.headers["content-length"] ?? 0);
      expect(answer.status).toBe(status);
    });
    expect(line).toContain(` HTTP/1.1" ${status} ${bytes} `);
    if (options.method !== "HEAD") expect(length).toBe(bytes);
    expect(line).toMatch(new RegExp(`"http://127\\.0\\.0\\.1:${backend.port}" \\d+ms$`));
  });

  it("an answer in chunks is logged when its last one has passed, and counted", async () => {
    lines.length = 0;
    const { hostname, port } = new URL(running.url("web"));
    const request = http.get({ hostname, port, path: "/chunks", headers: { host } });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const [first] = (await once(response, "data")) as [Buffer];
    expect(first.toString()).toBe("first");
    expect(lines).toEqual([]);
    gate.resolve();
    await once(response.resume(), "end");
    await poll(() => lines.length).toBe(1);
    expect(lines[0]).toContain('" 200 9 ');
  });

  it("a client that goes away in the middle has its line, and the Pod's answer ends", async () => {
    gate = Promise.withResolvers();
    const before = backend.requests.length;
    const line = await lineAfter(async () => {
      const { hostname, port } = new URL(running.url("web"));
      const socket = connect(Number(port), hostname);
      socket.write(`GET /chunks HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await once(socket, "data");
      socket.destroy();
      await backend.received(before + 1);
      gate.resolve();
    });
    expect(line).toContain('"GET /chunks HTTP/1.1" 200 ');
  });

  it("a client that does not wait for its answer has its line", async () => {
    const before = backend.requests.length;
    const line = await lineAfter(async () => {
      const { hostname, port } = new URL(running.url("web"));
      const socket = connect(Number(port), hostname);
      socket.write(`GET /never HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await backend.received(before + 1);
      socket.resetAndDestroy();
    });
    expect(line).toContain('"GET /never HTTP/1.1" 499 0 ');
  });

  it("a WebSocket opens as ever, and is logged when it does", async () => {
    const { hostname, port } = new URL(running.url("web"));
    const line = await lineAfter(async () => {
      const request = http.get({
        hostname,
        port,
        path: "/socket",
        headers: {
          host: "socket.example.com",
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
      });
      const [response, socket] = (await once(request, "upgrade")) as [http.IncomingMessage, Socket];
      expect(response.statusCode).toBe(101);
      socket.destroy();
    });
    expect(line).toContain('"GET /socket HTTP/1.1" 101 0 ');
  });

  it("a compressed answer passes as it is", async () => {
    const line = await lineAfter(async () => {
      const answer = await ask("/gzip", { headers: { "accept-encoding": "gzip" } });
      expect(answer.headers["content-encoding"]).toBe("gzip");
    });
    expect(line).toContain('"GET /gzip HTTP/1.1" 200 ');
  });

  it.each([
    ["ann:test", "ann", 200],
    ["ann:guess", "-", 401],
  ])("who logged in: %s", async (credentials, user, status) => {
    const headers = { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    const line = await lineAfter(() => ask("/", { host: "safe.example.com", headers }));
    expect(line).toMatch(new RegExp(`^127\\.0\\.0\\.1 - ${user} \\[.*" ${status} `));
  });

  it("no Pod answers", async () => {
    const line = await lineAfter(() => ask("/", { host: "gone.example.com" }));
    expect(line).toMatch(
      / 502 \S+ "-" "-" \d+ "default-gone-[0-9a-f]+@kubernetescrd" "http:\/\/127\.0\.0\.1:1" \d+ms$/,
    );
  });

  it.each(["/?a=\\", "/a%0d%0ab", "/%22"])("a target that tries to end its field does not: %s", async (target) => {
    const line = await lineAfter(() => ask(target));
    expect(line.split("\n")).toHaveLength(1);
    expect(line).toMatch(/ \+0000\] "GET (?:[^"\\\s]|\\.)+ HTTP\/1\.1" 200 /);
  });
});
