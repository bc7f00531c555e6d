import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send } from "./send.ts";

let pod: Backend;
let dead: Backend;
let sockets: { port: number; close(): void };
let running: Running;
const host = "app.example.com";

beforeAll(async () => {
  pod = await startBackend("pod", (request, response, body) => {
    switch (request.url) {
      case "/204":
        response.writeHead(204).end();
        break;
      case "/304":
        response.writeHead(304, { ETag: '"a"' }).end();
        break;
      case "/cookies":
        response.setHeader("Set-Cookie", ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]);
        response.end("cookies");
        break;
      case "/gzip": {
        const compressed = gzipSync("compressed body");
        response.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": compressed.length }).end(compressed);
        break;
      }
      case "/hash":
        response.end(createHash("sha256").update(body, "utf8").digest("hex"));
        break;
      default:
        response.setHeader("Sluice-Pointer", "9.9.forged.dev");
        response.end("pod");
    }
  });
  dead = await startBackend("dead");
  await dead.close();
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  const address = server.address();
  sockets = { port: typeof address === "object" && address ? address.port : 0, close: () => server.close() };
  running = await runManifests(
    [
      serviceManifest("pod", [pod.port]),
      serviceManifest("half-dead", [dead.port, pod.port]),
      serviceManifest("dead", [dead.port]),
      serviceManifest("none", []),
      serviceManifest("sockets", [sockets.port]),
      routeManifest("app", `Host(\`${host}\`)`, ["{ name: pod, port: 80 }"]),
      routeManifest("half-dead", "Host(`half-dead.example.com`)", ["{ name: half-dead, port: 80 }"]),
      routeManifest("dead", "Host(`dead.example.com`)", ["{ name: dead, port: 80 }"]),
      routeManifest("sockets", "Host(`ws.example.com`)", ["{ name: sockets, port: 80 }"]),
      routeManifest("failover", "Host(`failover.example.com`)", ["{ name: dead-or-pod, kind: TraefikService }"]),
      `---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: { name: dead-or-pod }
spec: { failover: { service: { name: dead, port: 80 }, fallback: { name: pod, port: 80 } } }
`,
      // An EndpointSlice without endpoints: the Service is known to have none.
      `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: none-0, labels: { kubernetes.io/service-name: none } }
addressType: IPv4
ports: [{ name: http, port: 80 }]
endpoints: []
`,
      routeManifest("none", "Host(`none.example.com`)", ["{ name: none, port: 80 }"]),
    ].join(""),
  );
});

afterAll(async () => {
  await running?.close();
  await pod?.close();
  sockets?.close();
});

describe("what a Pod sees", () => {
  it("the client's Host, and X-Forwarded-* set by the gateway, whatever the client claims", async () => {
    await send(running.url("web"), "/seen?x=1;y=%zz", {
      host,
      headers: {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example.com",
        X_Forwarded_For: "203.0.113.9",
        "X-Real-Ip": "203.0.113.9",
        "Sluice-Hop": "forged",
        "Sluice-Mirror": "true",
        "Sluice-Anything": "1",
        Connection: "close, X-Drop-Me",
        "X-Drop-Me": "1",
        "X-Keep-Me": "1",
      },
    });
    const seen = pod.requests.at(-1);
    expect(seen?.url).toBe("/seen?x=1;y=%zz");
    expect(seen?.headers).toMatchObject({
      host,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": host,
      "x-real-ip": "127.0.0.1",
      "x-keep-me": "1",
    });
    for (const name of Object.keys(seen?.headers ?? {})) expect(name).not.toMatch(/^sluice-|^x_forwarded|^x-drop/);
  });
});

describe("answers", () => {
  it.each(["/204", "/304"])("%s has no body", async (path) => {
    const answer = await send(running.url("web"), path, { host });
    expect([answer.status, answer.body]).toEqual([Number(path.slice(1)), ""]);
  });

  it("HEAD has the headers of GET and no body", async () => {
    const answer = await send(running.url("web"), "/", { host, method: "HEAD" });
    expect([answer.status, answer.body]).toEqual([200, ""]);
  });

  it("every Set-Cookie stays a line of its own", async () => {
    const answer = await send(running.url("web"), "/cookies", { host });
    expect(answer.headers["set-cookie"]).toEqual(["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]);
  });

  it("a compressed body is left as it is", async () => {
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    http.get(
      `${running.url("web")}/gzip`,
      { headers: { Host: host, "Accept-Encoding": "gzip" }, agent: false },
      async (res) => {
        expect(res.headers["content-encoding"]).toBe("gzip");
        resolve(Buffer.concat(await res.toArray()));
      },
    );
    expect(await promise).toEqual(gzipSync("compressed body"));
  });

  it("internal headers of a Pod do not come out", async () => {
    const answer = await send(running.url("web"), "/", { host });
    for (const name of Object.keys(answer.headers)) expect(name).not.toMatch(/^sluice-/);
  });

  it("the body of a GET arrives, as searches send it", async () => {
    const answer = await send(running.url("web"), "/hash", { host, headers: { "Content-Length": 5 }, body: "query" });
    expect(answer.body).toBe(createHash("sha256").update("query").digest("hex"));
  });

  it("a large upload arrives whole", async () => {
    const body = randomBytes(4 * 1024 * 1024).toString("hex");
    const answer = await send(running.url("web"), "/hash", { host, method: "POST", body });
    expect(answer.body).toBe(createHash("sha256").update(body).digest("hex"));
  });
});

describe("failures", () => {
  it("a refused Pod costs nothing while a sibling answers, also for uploads", async () => {
    for (let i = 0; i < 6; i++) {
      const answer = await send(running.url("web"), "/hash", {
        host: "half-dead.example.com",
        method: "POST",
        body: "abc",
      });
      expect(answer.body).toBe(createHash("sha256").update("abc").digest("hex"));
    }
  });

  it("all Pods refused is 502", async () => {
    const answer = await send(running.url("web"), "/", { host: "dead.example.com" });
    expect([answer.status, answer.body.trim()]).toEqual([502, "Bad Gateway"]);
  });

  it("no Pod is 503", async () => {
    const answer = await send(running.url("web"), "/", { host: "none.example.com" });
    expect([answer.status, answer.body.trim()]).toEqual([503, "no available server"]);
  });

  it("failover answers from the other service, also for uploads", async () => {
    expect((await send(running.url("web"), "/", { host: "failover.example.com" })).body).toBe("pod");
    const upload = { host: "failover.example.com", method: "POST", body: "abc" };
    expect((await send(running.url("web"), "/hash", upload)).body).toBe(
      createHash("sha256").update("abc").digest("hex"),
    );
  });
});

describe("long-lived traffic", () => {
  it("WebSocket messages go both ways, text and binary", async () => {
    const socket = new WebSocket(running.url("web").replace("http", "ws"), { headers: { Host: "ws.example.com" } });
    await once(socket, "open");
    for (const message of ["hello", Buffer.from([0, 255, 1])]) {
      const echoed = once(socket, "message");
      socket.send(message);
      expect(Buffer.from((await echoed)[0] as Buffer)).toEqual(Buffer.from(message));
    }
    const closed = once(socket, "close");
    socket.close(1000);
    await closed;
  });

  it("server-sent events arrive while the response goes on", async () => {
    const stream = await startBackend("sse", (_, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("data: first\n\n");
    });
    await running.write(
      "sse.yaml",
      serviceManifest("sse", [stream.port]) +
        routeManifest("sse", "Host(`sse.example.com`)", ["{ name: sse, port: 80 }"]),
    );
    const { promise, resolve } = Promise.withResolvers<string>();
    const request = http.get(running.url("web"), { headers: { Host: "sse.example.com" }, agent: false }, (response) =>
      response.once("data", (chunk: Buffer) => resolve(chunk.toString())),
    );
    request.on("error", () => {});
    expect(await promise).toBe("data: first\n\n");
    request.destroy();
    await stream.close();
  });
});
