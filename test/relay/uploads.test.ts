import { once } from "node:events";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint, StickyCookie } from "../../src/table/service.ts";
import {
  closeAll,
  linesOf,
  listen,
  open,
  read,
  ready,
  scriptedPod,
  send,
  startGateway,
  type TestGateway,
  tableOf,
  terminating,
} from "./gateway-harness.ts";

afterAll(closeAll);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway(tableOf({}));
});

const use = (endpoints: Endpoint[]): void => gateway.setTable(tableOf({ app: { endpoints } }));

/** A Pod that counts connections and closes them at will. */
async function keptPod(): Promise<{ port: number; sockets: Set<Socket>; connections: () => number; close(): void }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end("ok"));
  });
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    port: await listen(server),
    sockets,
    connections: () => connections,
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe("a request that may be sent but once", () => {
  it.each([
    ["an upload", { method: "POST", body: "x" }],
    ["an upload by a method that could be repeated", { method: "PUT", body: "x" }],
    ["one without a body", { method: "POST" }],
  ])("goes over a connection that was used a moment ago, and over none that was not: %s", async (_, sent) => {
    const pod = await keptPod();
    use(ready(pod.port));
    await send(gateway, "app");
    expect((await send(gateway, "app", sent)).status).toBe(200);
    expect(pod.connections()).toBe(1);
    gateway.advance(501);
    expect((await send(gateway, "app", sent)).status).toBe(200);
    expect(pod.connections()).toBe(2);
  });

  it("leaves old connections to those that may be sent again", async () => {
    const pod = await keptPod();
    use(ready(pod.port));
    await send(gateway, "app");
    gateway.advance(60_000);
    await send(gateway, "app");
    expect(pod.connections()).toBe(1);
  });

  it.each([
    ["an upload", { method: "POST", body: Buffer.alloc(64 * 1024) }],
    ["one without a body", { method: "POST" }],
  ])("survives that the Pod closes the idle connection as it comes: %s", async (_, sent) => {
    const pod = await keptPod();
    const table = tableOf({ app: { endpoints: ready(pod.port) } });
    let onLook = (): void => {};
    gateway.setTable({
      ...table,
      get services() {
        onLook();
        return table.services;
      },
    });
    await send(gateway, "app");
    // The request has come, and the end of the connection lies in the kernel.
    onLook = pod.close;
    // Of another client, so that its service is looked for.
    expect((await send(gateway, "app", { ...sent, hop: { clientAddress: "192.0.2.2" } })).status).toBe(200);
    expect(pod.connections()).toBe(2);
  });

  it("takes no connection before its body begins: one that is closed meanwhile costs nothing", async () => {
    const pod = await keptPod();
    use(ready(pod.port));
    await send(gateway, "app");
    const { requests } = gateway.stats();
    const request = await open(gateway, "app", { method: "POST", headers: ["transfer-encoding", "chunked"] });
    const response = once(request, "response");
    request.flushHeaders();
    await expect.poll(() => gateway.stats().requests).toBe(requests + 1);
    // By now a request that did not wait has its connection.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    const closed = Promise.all([...pod.sockets].map((socket) => once(socket, "close")));
    pod.close();
    await closed;
    request.end("late");
    expect((await read((await response)[0])).status).toBe(200);
  });

  it("is given up by a client that leaves before its body has begun", async () => {
    const pod = await keptPod();
    use(ready(pod.port));
    const { failed, requests } = gateway.stats();
    const request = await open(gateway, "app", { method: "POST", headers: ["transfer-encoding", "chunked"] });
    request.on("error", () => {});
    request.flushHeaders();
    await expect.poll(() => gateway.stats().requests).toBe(requests + 1);
    request.destroy();
    expect((await send(gateway, "app")).status).toBe(200);
    expect(gateway.stats().failed).toBe(failed);
    expect(pod.connections()).toBe(1);
  });
});

describe("a Pod that stops listening", () => {
  it("costs no upload of its sessions that its kernel had taken and it had not", async () => {
    const server = createServer();
    let resets = 0;
    server.on("connection", (socket: Socket) => {
      resets++;
      // By now a request that did not wait has been written.
      setImmediate(() => setImmediate(() => socket.resetAndDestroy()));
    });
    const ending = await listen(server);
    const sibling = await keptPod();
    const sticky: StickyCookie = { name: "s", path: "/", secure: false, httpOnly: true, sameSite: "lax", maxAge: 0 };
    gateway.setTable(tableOf({ app: { sticky, endpoints: [...terminating(ending), ...ready(sibling.port)] } }));
    const headers = ["cookie", `s=http://127.0.0.1:${ending}`];
    const answer = await send(gateway, "app", { method: "POST", headers, body: "x" });
    expect([answer.status, resets, sibling.connections()]).toEqual([200, 1, 1]);
    expect(linesOf(answer.rawHeaders, "set-cookie")).toHaveLength(1);
  });

  it("still gets the uploads of its sessions while it takes connections", async () => {
    const ending = await keptPod();
    use(terminating(ending.port));
    for (let turn = 0; turn < 2; turn++) {
      expect((await send(gateway, "app", { method: "POST", body: "x" })).status).toBe(200);
    }
    expect(ending.connections()).toBe(2);
  });
});

describe("a table that may be old", () => {
  it("makes each upload wait for a connection of its own, as any Pod may be ending", async () => {
    const pod = await keptPod();
    let isTableLive = true;
    const doubting = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }), {
      isTableLive: () => isTableLive,
    });
    await send(doubting, "app", { method: "POST", body: "x" });
    await send(doubting, "app", { method: "POST", body: "x" });
    expect(pod.connections()).toBe(1);
    isTableLive = false;
    await send(doubting, "app", { method: "POST", body: "x" });
    expect(pod.connections()).toBe(2);
    await send(doubting, "app");
    expect(pod.connections()).toBe(2);
  });
});

describe("a request that may be sent again", () => {
  const closing = (socket: { destroy(): void }): void => void socket.destroy();

  it("goes to another Pod when one ends its connection", async () => {
    const [first, second] = [await scriptedPod([closing]), await keptPod()];
    use(ready(first.port, second.port));
    expect((await send(gateway, "app")).status).toBe(200);
    expect((await send(gateway, "app")).status).toBe(200);
    expect([first.requests(), second.connections()]).toEqual([1, 1]);
  });

  it("goes to one more and no further: it may be what they end at", async () => {
    const pods = [await scriptedPod([closing]), await scriptedPod([closing]), await scriptedPod([closing])];
    use(ready(...pods.map(({ port }) => port)));
    expect((await send(gateway, "app")).status).toBe(502);
    expect(pods.reduce((sum, { requests }) => sum + requests(), 0)).toBe(2);
  });

  it("goes nowhere else with a body", async () => {
    const [first, second] = [await scriptedPod([closing]), await scriptedPod([closing])];
    use(ready(first.port, second.port));
    expect((await send(gateway, "app", { method: "POST", body: "x" })).status).toBe(502);
    expect(first.requests() + second.requests()).toBe(1);
  });
});
