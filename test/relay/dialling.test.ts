import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent } from "node:http";
import type { Socket } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { FAILURE_HEADER } from "../../src/hop/hop.ts";
import {
  answerOk,
  closeAll,
  deadPort,
  ready,
  scriptedPod,
  send,
  startGateway,
  startPod,
  tableOf,
} from "./gateway-harness.ts";

afterAll(closeAll);

const named = (name: string) => startPod((_, response) => response.end(name));
const hashing = () =>
  startPod(async (request, response) => {
    const hash = createHash("sha256");
    for await (const chunk of request) hash.update(chunk as Buffer);
    response.end(hash.digest("hex"));
  });

describe("endpoints", () => {
  it("take turns, and each as many", async () => {
    const ports = await Promise.all([named("a"), named("b"), named("c")]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(...ports) } }));
    const texts: string[] = [];
    for (let i = 0; i < 30; i++) texts.push((await send(gateway, "app")).text);
    for (let i = 0; i + 3 <= texts.length; i++) expect(texts.slice(i, i + 3).sort()).toEqual(["a", "b", "c"]);
  });

  it("that are named are looked up", async () => {
    const [endpoint = expect.unreachable()] = ready(await named("a"));
    const gateway = await startGateway(tableOf({ app: { endpoints: [{ ...endpoint, address: "localhost" }] } }));
    for (let i = 0; i < 3; i++) expect((await send(gateway, "app")).text).toBe("a");
  });

  it("go on taking turns where they were when another table names the same", async () => {
    const ports = await Promise.all([named("a"), named("b"), named("c")]);
    const table = () => tableOf({ app: { endpoints: ready(...ports) } });
    const gateway = await startGateway(table());
    const texts: string[] = [];
    for (let i = 0; i < 6; i++) {
      texts.push((await send(gateway, "app")).text);
      gateway.setTable(table());
    }
    expect(texts.sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
  });

  it("share the turns of one that is down evenly", async () => {
    const ports = await Promise.all([named("a"), deadPort(), named("b"), named("c")]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(...ports) } }));
    for (let i = 0; gateway.stats().refusedDials === 0; i++) {
      expect(i).toBeLessThan(4);
      await send(gateway, "app");
    }
    const texts: string[] = [];
    for (let i = 0; i < 6; i++) texts.push((await send(gateway, "app")).text);
    expect(texts.sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
    expect(gateway.stats().refusedDials).toBe(1);
  });
});

describe("a refused dial", () => {
  it("costs a streamed body nothing", async () => {
    const gateway = await startGateway(
      tableOf({ app: { endpoints: ready(await deadPort(), await deadPort(), await hashing()) } }),
    );
    const chunks = Array.from({ length: 64 }, () => randomBytes(50_000));
    const hash = createHash("sha256");
    for (const chunk of chunks) hash.update(chunk);
    const expected = hash.digest("hex");
    for (let i = 0; i < 3; i++) {
      gateway.advance(60_000);
      expect((await send(gateway, "app", { method: "POST", body: chunks })).text).toBe(expected);
      expect((await send(gateway, "app", { method: "PUT", body: Buffer.concat(chunks) })).text).toBe(expected);
    }
    expect(gateway.stats().refusedDials).toBeGreaterThan(0);
  });

  it("is remembered, and tried again after a pause", async () => {
    const port = await deadPort();
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(port, await named("up")) } }));
    const refused = async () => {
      const before = gateway.stats().refusedDials;
      for (let i = 0; i < 4; i++) expect((await send(gateway, "app")).text).toBe("up");
      return gateway.stats().refusedDials - before;
    };
    expect(await refused()).toBe(1);
    gateway.advance(900);
    expect(await refused()).toBe(0);
    gateway.advance(1_100);
    expect(await refused()).toBe(1);
  });

  it("falls back to the Service's own address, at last", async () => {
    const own = await named("service");
    const gateway = await startGateway(
      tableOf({ app: { endpoints: ready(await deadPort()), clusterIp: { address: "127.0.0.1", port: own } } }),
    );
    expect((await send(gateway, "app")).text).toBe("service");
    gateway.setTable(tableOf({ app: { endpoints: [], clusterIp: { address: "127.0.0.1", port: own } } }));
    expect((await send(gateway, "app")).text).toBe("service");
  });

  it.each([
    [
      "all endpoints",
      async () => ({ endpoints: ready(await deadPort(), await deadPort()) }),
      502,
      "unreachable",
      "Bad Gateway",
    ],
    [
      "all endpoints and the Service's address",
      async () => ({ endpoints: ready(await deadPort()), clusterIp: { address: "127.0.0.1", port: await deadPort() } }),
      502,
      "unreachable",
      "Bad Gateway",
    ],
    [
      "the Service's address, when there is no endpoint",
      async () => ({ endpoints: [], clusterIp: { address: "127.0.0.1", port: await deadPort() } }),
      503,
      "no-endpoint",
      "no available server",
    ],
  ] as const)("of %s is told to client and edge", async (_, spec, status, failure, text) => {
    const service = await spec();
    const gateway = await startGateway(tableOf({ app: { ...service, endpoints: [...service.endpoints] } }));
    for (const body of [undefined, "a body"]) {
      const got = await send(gateway, "app", {
        method: body === undefined ? "GET" : "POST",
        ...(body !== undefined && { body }),
      });
      expect(got).toMatchObject({ status, text });
      expect(got.headers[FAILURE_HEADER]).toBe(failure);
    }
  });

  it("is told apart from a request that cannot be sent, which says nothing of any Pod", async () => {
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await named("a"), await named("b")) } }));
    const got = await send(gateway, "app", { method: "OPTIONS", path: "*" });
    expect(got.headers[FAILURE_HEADER]).toBe("broken");
    expect(gateway.stats().refusedDials).toBe(0);
  });
});

describe("another table", () => {
  it("leaves requests that are under way alone, and lets go of endpoints that are gone", async () => {
    const sockets: Socket[] = [];
    const pod = await scriptedPod([(socket) => sockets.push(socket)]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
    const agent = new Agent({ keepAlive: true });
    const under = send(gateway, "app", { agent });
    await expect.poll(() => pod.requests()).toBe(1);
    gateway.setTable(tableOf({ app: { endpoints: ready(await named("new")) } }, 8));
    expect((await send(gateway, "app")).text).toBe("new");
    const [socket] = sockets;
    if (socket === undefined) throw new Error("no request came");
    const closed = once(socket, "close");
    answerOk(socket);
    expect((await under).text).toBe("ok");
    await closed;
    expect(gateway.stats().pools).toBe(1);
    agent.destroy();
  });

  it("that takes the service away ends what is new with it", async () => {
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await named("old")) } }));
    expect((await send(gateway, "app")).text).toBe("old");
    gateway.setTable(tableOf({}, 8));
    expect((await send(gateway, "app")).headers[FAILURE_HEADER]).toBe("unknown-service");
    expect(gateway.stats().pools).toBe(0);
  });
});
