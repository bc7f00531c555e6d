import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { RunningGateway } from "../../relay/origin-gateway/start-gateway.ts";
import { FAILURE_HEADER, HOP_HEADER } from "../../src/hop/hop.ts";
import {
  closeAll,
  deadPort,
  hopTo,
  linesOf,
  listen,
  ready,
  send,
  startGateway,
  startPod,
  tableOf,
} from "./gateway-harness.ts";

afterAll(closeAll);

const sticky = { name: "s", path: "/", secure: false, httpOnly: false, maxAge: 0 };

async function echoPod(seen?: (request: IncomingMessage) => void): Promise<number> {
  const server = createServer();
  new WebSocketServer({ server }).on("connection", (socket, request) => {
    seen?.(request);
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return listen(server);
}

async function connectTo(gateway: RunningGateway, service: string): Promise<WebSocket> {
  const { host, port } = gateway.address;
  return new WebSocket(`ws://${host}:${port}/chat?room=1`, { headers: { [HOP_HEADER]: await hopTo(service) } });
}

/** A Pod that changes to a protocol of its own, and hands its side out. */
async function tunnelPod(): Promise<{ port: number; upgraded: Promise<Socket> }> {
  const pods = new EventEmitter();
  const server = createServer();
  server.on("upgrade", (request, socket: Socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\nfirst`,
    );
    pods.emit("upgraded", socket);
  });
  return { port: await listen(server), upgraded: once(pods, "upgraded").then(([socket]) => socket as Socket) };
}

/** A client's side of a tunnel, past the 101. */
async function tunnel(gateway: RunningGateway, protocol = "custom/1"): Promise<{ socket: Socket; head: string }> {
  const { host, port } = gateway.address;
  const socket = connect({ host, port, allowHalfOpen: true });
  const hop = await hopTo("app");
  socket.write(
    `GET / HTTP/1.1\r\nHost: g\r\n${HOP_HEADER}: ${hop}\r\nConnection: upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
  );
  let head = "";
  while (!head.endsWith("\r\n\r\nfirst")) head += String((await once(socket, "data"))[0]);
  socket.pause();
  return { socket, head };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk.toString("latin1");
  return text;
}

describe("a WebSocket", () => {
  it("carries messages both ways, after a dial that was refused", async () => {
    let seen: IncomingMessage | undefined;
    const port = await echoPod((request) => {
      seen = request;
    });
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await deadPort(), port), sticky } }));
    const cookies: string[][] = [];
    for (let i = 0; i < 2; i++) {
      gateway.advance(60_000);
      const socket = await connectTo(gateway, "app");
      socket.once("upgrade", (response) => cookies.push(linesOf(response.rawHeaders, "set-cookie")));
      await once(socket, "open");
      for (const text of ["hello", "x".repeat(1_000_000)]) {
        const echoed = once(socket, "message");
        socket.send(text);
        expect(String((await echoed)[0])).toBe(text);
      }
      const closed = once(socket, "close");
      socket.close(4321, "bye");
      expect((await closed)[0]).toBe(4321);
    }
    expect(gateway.stats().refusedDials).toBeGreaterThan(0);
    expect(cookies.map((lines) => lines.length)).toEqual([1, 1]);
    expect(seen?.url).toBe("/chat?room=1");
    expect(seen?.headers).toMatchObject({ "x-forwarded-proto": "wss", host: "app.example.com" });
    expect(seen?.headers[HOP_HEADER]).toBeUndefined();
  });

  it("is cut when its Pod is", async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (socket) => socket.terminate());
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await listen(server)) } }));
    const socket = await connectTo(gateway, "app");
    expect((await once(socket, "close"))[0]).toBe(1006);
  });

  it("that a Pod declines gets the Pod's answer", async () => {
    const port = await startPod((_, response) => response.writeHead(426, { "x-pod": "yes" }).end("not here"));
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
    const got = await send(gateway, "app", { headers: ["connection", "upgrade", "upgrade", "websocket"] });
    expect(got).toMatchObject({ status: 426, text: "not here", headers: { "x-pod": "yes" } });
  });

  it.each([
    ["without a token", "x", 403, "unauthorized"],
    ["when every Pod refuses", undefined, 502, "unreachable"],
  ])("is refused %s", async (_, token, status, failure) => {
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await deadPort()) } }));
    const got = await send(gateway, "app", {
      headers: ["connection", "upgrade", "upgrade", "websocket"],
      ...(token !== undefined && { hop: { token } }),
    });
    expect(got.status).toBe(status);
    expect(got.headers[FAILURE_HEADER]).toBe(failure);
  });
});

describe("a tunnel", () => {
  it.each(["custom/1", "websocket", "TLS/1.0"])("is of any protocol: %s", async (protocol) => {
    const { port, upgraded } = await tunnelPod();
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
    const { socket, head } = await tunnel(gateway, protocol);
    const pod = await upgraded;
    expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(head).toContain(`\r\nUpgrade: ${protocol}\r\n`);
    pod.end("last");
    socket.end();
    expect(await textOf(socket)).toBe("last");
  });

  it("lets a Pod answer after the client has ended its side", async () => {
    const { port, upgraded } = await tunnelPod();
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
    const { socket } = await tunnel(gateway);
    const pod = await upgraded;
    socket.end("a question");
    expect(await textOf(pod as unknown as AsyncIterable<Buffer>)).toBe("a question");
    const long = "a".repeat(4_000_000);
    pod.end(long);
    expect((await textOf(socket)).length).toBe(long.length);
  });

  it("lets a client go on after the Pod has ended its side", async () => {
    const { port, upgraded } = await tunnelPod();
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
    const { socket } = await tunnel(gateway);
    const pod = await upgraded;
    pod.end();
    socket.resume();
    await once(socket, "end");
    const long = "b".repeat(4_000_000);
    socket.end(long);
    expect((await textOf(pod as unknown as AsyncIterable<Buffer>)).length).toBe(long.length);
  });

  it("that the client breaks is broken for the Pod", async () => {
    const { port, upgraded } = await tunnelPod();
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
    const { socket } = await tunnel(gateway);
    const pod = await upgraded;
    pod.on("error", () => {});
    const closed = once(pod, "close");
    pod.once("end", () => pod.destroy());
    pod.resume();
    socket.resetAndDestroy();
    await closed;
  });

  it("ends when the gateway closes", async () => {
    const { port, upgraded } = await tunnelPod();
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
    const { socket } = await tunnel(gateway);
    const pod = await upgraded;
    socket.on("error", () => {});
    pod.on("error", () => {});
    const ended = Promise.all([once(socket, "end"), once(pod, "end")]);
    socket.resume();
    pod.resume();
    await gateway.close(0);
    await ended;
    socket.destroy();
    pod.destroy();
  });
});

describe("an Upgrade header that the connection does not name", () => {
  it("opens no tunnel, so that nothing can be sent past the gateway", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.upgrade}`);
      response.end("plain");
    });
    server.on("upgrade", (_, socket: Socket) =>
      socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    );
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await listen(server)) } }));
    const client = connect(gateway.address.port, gateway.address.host);
    client.write(
      `GET /one HTTP/1.1\r\nHost: g\r\n${HOP_HEADER}: ${await hopTo("app")}\r\nUpgrade: x\r\n\r\n` +
        "GET /two HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n",
    );
    expect((await textOf(client)).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 403"]);
    expect(seen).toEqual(["/one undefined"]);
  });
});
