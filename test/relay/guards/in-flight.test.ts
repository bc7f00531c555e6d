import { once } from "node:events";
import { Agent, createServer, type ServerResponse } from "node:http";
import { constants } from "node:http2";
import { connect } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { InFlight } from "../../../relay/origin-gateway/guards/in-flight.ts";
import { HOP_HEADER, type HopGuards } from "../../../src/hop/hop.ts";
import type { Middleware } from "../../../src/table/middleware.ts";
import {
  closeAll,
  deadPort,
  hopTo,
  listen,
  open,
  ready,
  send,
  startGateway,
  startPod,
  tableOf,
} from "../gateway-harness.ts";
import { ask as askHttp2, closeSessions, openHttp2, readAll } from "../http2-client.ts";

afterEach(closeAll);

const limit = (amount: number): Record<string, Middleware> => ({ limit: { type: "inFlightReq", amount } });
const heldTo = (key = "", router = "r"): { guards: HopGuards } => ({
  guards: { router, list: [{ middleware: "limit", key }] },
});

/** A Pod that holds each request until it is told to answer. */
async function holdingPod() {
  const held: ServerResponse[] = [];
  const waiting: (() => void)[] = [];
  let [now, most] = [0, 0];
  const port = await startPod((_, response) => {
    held.push(response);
    most = Math.max(most, ++now);
    response.once("close", () => now--);
    for (const wake of waiting.splice(0)) wake();
  });
  const until = async (test: () => boolean): Promise<void> => {
    while (!test()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    port,
    held,
    most: () => most,
    has: (count: number) => until(() => held.length >= count),
  };
}

async function rig(amount: number) {
  const pod = await holdingPod();
  const table = (middlewares = limit(amount)) => tableOf({ app: { endpoints: ready(pod.port) } }, 7, {}, middlewares);
  const gateway = await startGateway(table());
  return { pod, table, gateway, ask: (hop = heldTo()) => send(gateway, "app", { hop }) };
}

describe("inFlightReq", () => {
  it("lets so many requests of a source be on their way, and answers 429 beyond", async () => {
    const { pod, gateway, ask } = await rig(2);
    const first = [ask(heldTo("a")), ask(heldTo("a"))];
    await pod.has(2);
    const refused = await ask(heldTo("a"));
    expect(refused).toMatchObject({ status: 429, text: "Too Many Requests" });
    expect(refused.headers["sluice-failure"]).toBeUndefined();
    const other = [ask(heldTo("b")), ask(heldTo("a", "another router"))];
    await pod.has(4);
    for (const response of pod.held) response.end();
    for (const { status } of await Promise.all([...first, ...other])) expect(status).toBe(200);
    expect(Object.fromEntries(gateway.stats().guards.refused)).toEqual({ limit: 1 });
    const again = ask(heldTo("a"));
    await pod.has(5);
    pod.held[4]?.end();
    expect((await again).status).toBe(200);
  });

  it("never lets more be on their way, and takes all in the end", async () => {
    const { pod, ask } = await rig(5);
    let [answered, refused] = [0, 0];
    const visit = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const { status } = await ask();
        if (status === 200) answered++;
        else refused++;
      }
    };
    const visits = Promise.all(Array.from({ length: 20 }, visit));
    let isDone = false;
    void visits.then(() => {
      isDone = true;
    });
    for (let next = 0; !isDone; ) {
      await new Promise(setImmediate);
      while (next < pod.held.length) pod.held[next++]?.end("ok");
    }
    await visits;
    expect(pod.most()).toBeLessThanOrEqual(5);
    expect(answered).toBe(pod.held.length);
    expect(answered + refused).toBe(400);
  });

  it("has room for the next request of a connection when the one before is answered", async () => {
    const pod = await startPod((_, response) => response.end("ok"));
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod) } }, 7, {}, limit(1)));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 50; i++) expect((await send(gateway, "app", { hop: heldTo(), agent })).status).toBe(200);
    agent.destroy();
  });

  it("counts a client that goes away no more, before an answer and in the middle of one", async () => {
    const { pod, ask, gateway } = await rig(1);
    for (const begins of [false, true]) {
      const leaving = await open(gateway, "app", { hop: heldTo() });
      leaving.on("error", () => {});
      leaving.end();
      const at = pod.held.length + 1;
      await pod.has(at);
      const response = pod.held[at - 1];
      if (begins) {
        response?.write("half");
        await once(leaving, "response");
      }
      expect((await ask()).status).toBe(429);
      leaving.destroy();
      await once(response as ServerResponse, "close");
    }
    const next = ask();
    await pod.has(3);
    pod.held[2]?.end();
    expect((await next).status).toBe(200);
  });

  it("counts what no Pod answered no more", async () => {
    const table = tableOf({ app: { endpoints: ready(await deadPort()) } }, 7, {}, limit(1));
    const gateway = await startGateway(table);
    for (let i = 0; i < 5; i++) expect((await send(gateway, "app", { hop: heldTo() })).status).toBe(502);
  });

  it("counts a tunnel until it ends", async () => {
    const server = createServer();
    server.on("upgrade", (_, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.on("end", () => socket.end());
    });
    server.on("request", (_, response) => response.end());
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await listen(server)) } }, 7, {}, limit(1)));
    const { host, port } = gateway.address;
    const client = connect(port, host);
    const upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    client.write(`GET / HTTP/1.1\r\nhost: g\r\n${HOP_HEADER}: ${await hopTo("app", heldTo())}\r\n${upgrade}\r\n`);
    const [answer] = (await once(client, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 101/);
    expect((await send(gateway, "app", { hop: heldTo() })).status).toBe(429);
    client.end();
    await once(client, "close");
    expect((await send(gateway, "app", { hop: heldTo() })).status).toBe(200);
  });

  it("goes on counting over a new table, by its amount", async () => {
    const { pod, gateway, ask, table } = await rig(1);
    const first = ask();
    await pod.has(1);
    gateway.setTable(table());
    expect((await ask()).status).toBe(429);
    gateway.setTable(table(limit(2)));
    const second = ask();
    await pod.has(2);
    for (const response of pod.held) response.end();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  it.each([
    ["that the table does not have", {}],
    ["that nothing can be held to", { limit: { type: "addPrefix", prefix: "/a" } }],
  ] as const)("keeps a request from a Pod that is held to a middleware %s", async (_, middlewares) => {
    const { pod, gateway, ask, table } = await rig(1);
    gateway.setTable(table({ ...middlewares }));
    expect(await ask()).toMatchObject({ status: 503, text: "no available server" });
    expect(pod.held).toHaveLength(0);
    expect(gateway.stats().refused["unknown-middleware"]).toBe(1);
  });

  it("answers clients of gRPC-Web with a status that they read", async () => {
    const { pod, gateway, ask } = await rig(1);
    const first = ask();
    await pod.has(1);
    const refused = await send(gateway, "app", {
      method: "POST",
      headers: ["content-type", "application/grpc-web+proto"],
      body: "",
      hop: heldTo(),
    });
    expect([refused.status, refused.headers["grpc-status"]]).toEqual([429, "14"]);
    pod.held[0]?.end();
    await first;
  });

  it("does not count a client that went away before it was let in", async () => {
    const verified = Promise.withResolvers<boolean>();
    const pod = await startPod((_, response) => response.end());
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod) } }, 7, {}, limit(1)), {
      verifier: { verify: () => verified.promise, whyRefused: () => "forged" },
    });
    const leaving = await open(gateway, "app", { hop: heldTo() });
    leaving.on("error", () => {});
    leaving.end();
    const untilOpen = async (count: number): Promise<void> => {
      while (gateway.stats().openRequests !== count) await new Promise(setImmediate);
    };
    await untilOpen(1);
    leaving.destroy();
    await untilOpen(0);
    verified.resolve(true);
    expect((await send(gateway, "app", { hop: heldTo() })).status).toBe(200);
  });

  it("counts requests of one HTTP/2 connection, and no more those that were cancelled", async () => {
    const { pod, gateway } = await rig(2);
    const session = openHttp2(gateway);
    const sent = [
      await askHttp2(session, "app", {}, { hop: heldTo() }),
      await askHttp2(session, "app", {}, { hop: heldTo() }),
    ];
    await pod.has(2);
    expect((await readAll(await askHttp2(session, "app", {}, { hop: heldTo() }))).status).toBe(429);
    sent[0]?.close(constants.NGHTTP2_CANCEL);
    await once(pod.held[0] as ServerResponse, "close");
    const next = await askHttp2(session, "app", {}, { hop: heldTo() });
    await pod.has(3);
    pod.held[2]?.end("ok");
    expect(await readAll(next)).toMatchObject({ status: 200, text: "ok" });
    closeSessions();
  });
});

it("a count never passes its amount, and comes back to nothing", () => {
  const step = fc.record({ key: fc.constantFrom("a", "b"), enters: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 1, max: 4 }), (steps, amount) => {
      const inFlight = new InFlight();
      let refused = 0;
      const inside: Record<string, { left(): void }[]> = { a: [], b: [] };
      const guard = (key: string) => inFlight.guard(key, amount, () => refused++);
      for (const { key, enters } of steps) {
        const own = inside[key] ?? [];
        if (!enters) {
          own.pop()?.left();
          continue;
        }
        const before = refused;
        const entered = guard(key).enter();
        expect("status" in entered).toBe(own.length >= amount);
        expect(refused - before).toBe("status" in entered ? 1 : 0);
        if (!("status" in entered)) own.push(entered);
      }
      for (const own of Object.values(inside)) for (const one of own.splice(0)) one.left();
      for (const key of ["a", "b"]) {
        for (let i = 0; i < amount; i++) expect("status" in guard(key).enter()).toBe(false);
        expect("status" in guard(key).enter()).toBe(true);
      }
    }),
  );
});
