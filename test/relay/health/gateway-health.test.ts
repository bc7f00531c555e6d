import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { LoadBalancer } from "../../../src/table/service.ts";
import {
  closeAll,
  deadPort,
  listen,
  open,
  ready,
  type Sent,
  send,
  startGateway,
  startPod,
  type TestGateway,
  tableOf,
} from "../gateway-harness.ts";
import { healthCheck } from "./health-harness.ts";

afterEach(closeAll);

/** A Pod that answers with its name and, to a probe, how it is. */
async function pod(name: string, state = { health: 200, status: 200, asked: 0 }) {
  const port = await startPod((request, response) => {
    const isProbe = request.url === "/healthz";
    if (!isProbe) state.asked += 1;
    response.writeHead(isProbe ? state.health : state.status).end(name);
  });
  return { port, state };
}

const often = healthCheck({ intervalMs: 20, unhealthyIntervalMs: 20 });

/** Resolves when the gateway logs so about an endpoint. */
function follow() {
  const waiting: { text: string; resolve: () => void }[] = [];
  const logHealth = (_: string, message: string, fields: object): void => {
    const line = `${message} ${JSON.stringify(fields)}`;
    for (const one of waiting) if (line.includes(one.text)) one.resolve();
  };
  const logged = (text: string): Promise<void> => new Promise((resolve) => waiting.push({ text, resolve }));
  return { logHealth, logged };
}

async function start(services: Record<string, { ports: number[] } & Partial<LoadBalancer>>) {
  const { logHealth, logged } = follow();
  const gateway = await startGateway(undefined, { logHealth });
  const specs = Object.entries(services).map(([name, { ports, ...spec }]) => {
    const { endpoints: _, ...change } = spec;
    return [name, { ...change, endpoints: ready(...ports) }] as const;
  });
  gateway.setTable(tableOf(Object.fromEntries(specs)));
  return { gateway, logged };
}

const ask = async (gateway: TestGateway, count: number, sent: Sent = {}): Promise<string[]> => {
  const answers: string[] = [];
  for (let i = 0; i < count; i++) answers.push((await send(gateway, "app", sent)).text);
  return answers;
};

describe("probes of Pods", () => {
  it("take one out while it does not pass, and bring it back; 503 when none passes", async () => {
    const [a, b] = [await pod("a"), await pod("b")];
    const { gateway, logged } = await start({ app: { ports: [a.port, b.port], healthCheck: often } });
    expect(new Set(await ask(gateway, 4))).toEqual(new Set(["a", "b"]));

    const isDown = logged(`does not pass its health check {"service":"app`);
    a.state.health = 500;
    await isDown;
    expect(await ask(gateway, 4)).toEqual(["b", "b", "b", "b"]);
    expect(gateway.health().endpoints.map(({ isUp }) => isUp)).toEqual([false, true]);

    const isOut = logged(String(b.port));
    b.state.health = 500;
    await isOut;
    const answer = await send(gateway, "app");
    expect([answer.status, answer.text, answer.headers["sluice-failure"]]).toEqual([
      503,
      "no available server",
      "no-endpoint",
    ]);

    const isBack = logged(String(a.port));
    a.state.health = 200;
    await isBack;
    expect(await ask(gateway, 2)).toEqual(["a", "a"]);
  });

  it("take a Pod out that is gone before a request meets it", async () => {
    const [a, gone] = [await pod("a"), await deadPort()];
    const { gateway, logged } = await start({ app: { ports: [gone, a.port], healthCheck: often } });
    await logged(String(gone));
    expect(await ask(gateway, 4)).toEqual(["a", "a", "a", "a"]);
    expect(gateway.stats().refusedDials).toBe(0);
  });

  it("end with the gateway", async () => {
    const a = await pod("a");
    const { gateway } = await start({ app: { ports: [a.port], healthCheck: often } });
    expect(gateway.health().endpoints).toHaveLength(1);
    await gateway.close();
    expect(gateway.health().endpoints).toEqual([]);
  });
});

describe("failed requests", () => {
  const passiveHealthCheck = { maxFailedAttempts: 2, failureWindowMs: 10_000 };

  it("take a Pod out, for as long as the window", async () => {
    const [a, b] = [await pod("a"), await pod("b")];
    a.state.status = 500;
    const { gateway } = await start({ app: { ports: [a.port, b.port], passiveHealthCheck } });
    expect((await ask(gateway, 8)).filter((name) => name === "a")).toHaveLength(2);
    a.state.status = 200;
    gateway.advance(10_000);
    expect((await ask(gateway, 4)).filter((name) => name === "a")).toHaveLength(2);
  });

  it("take one out that never answers", async () => {
    const a = await pod("a");
    const silent = await listen(createServer((request) => request.socket.destroy()));
    const { gateway } = await start({
      app: { ports: [silent, a.port], passiveHealthCheck: { ...passiveHealthCheck, maxFailedAttempts: 1 } },
    });
    await ask(gateway, 2);
    const { refusedDials } = gateway.stats();
    expect(await ask(gateway, 4)).toEqual(["a", "a", "a", "a"]);
    expect(gateway.stats().refusedDials).toBe(refusedDials);
  });

  it("take one out that answers what is no HTTP", async () => {
    const a = await pod("a");
    const nonsense = await listen(
      createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end("nonsense\r\n\r\n"));
      }),
    );
    const { gateway } = await start({
      app: { ports: [nonsense, a.port], passiveHealthCheck: { ...passiveHealthCheck, maxFailedAttempts: 1 } },
    });
    expect((await ask(gateway, 2)).toSorted()).toEqual(["Bad Gateway", "a"]);
    expect(await ask(gateway, 4)).toEqual(["a", "a", "a", "a"]);
  });

  it("are none where a Pod changes protocols, or closes what it kept open", async () => {
    const server = createServer((_, response) => response.end("pod"));
    server.on("upgrade", (_, socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    });
    const { gateway } = await start({ app: { ports: [await listen(server)], passiveHealthCheck } });
    for (let i = 0; i < 3; i++) {
      const request = await open(gateway, "app", { headers: ["Connection", "Upgrade", "Upgrade", "echo"] });
      const upgraded = once(request, "upgrade") as Promise<[unknown, Socket]>;
      request.end();
      const [, socket] = await upgraded;
      socket.destroy();
    }
    for (let i = 0; i < 3; i++) {
      expect(await ask(gateway, 1)).toEqual(["pod"]);
      server.closeAllConnections();
    }
    expect(await ask(gateway, 1)).toEqual(["pod"]);
  });

  it("of all Pods leave nobody", async () => {
    const a = await pod("a");
    a.state.status = 502;
    const { gateway } = await start({ app: { ports: [a.port], passiveHealthCheck } });
    await ask(gateway, 2);
    expect((await send(gateway, "app")).status).toBe(503);
    expect(a.state.asked).toBe(2);
  });
});

describe("strategies", () => {
  it("hrw: a client stays on one Pod, and clients are spread", async () => {
    const pods = await Promise.all(["a", "b", "c"].map((name) => pod(name)));
    const { gateway } = await start({ app: { ports: pods.map(({ port }) => port), strategy: "hrw" } });
    const all = new Set<string>();
    for (let client = 0; client < 16; client++) {
      const names = new Set(await ask(gateway, 3, { hop: { clientAddress: `192.0.2.${client}` } }));
      expect(names.size).toBe(1);
      for (const name of names) all.add(name);
    }
    expect([...all].toSorted()).toEqual(["a", "b", "c"]);
  });

  it("hrw: by a header that the client sends", async () => {
    const pods = await Promise.all(["a", "b", "c"].map((name) => pod(name)));
    const { gateway } = await start({
      app: {
        ports: pods.map(({ port }) => port),
        strategy: "hrw",
        clientKey: { type: "header", name: "x-user" },
      },
    });
    const names = new Set<string>();
    for (let client = 0; client < 8; client++) {
      const sent = { hop: { clientAddress: `192.0.2.${client}` }, headers: ["X-User", "ada"] };
      for (const name of await ask(gateway, 1, sent)) names.add(name);
    }
    expect(names.size).toBe(1);
  });

  it.each(["p2c", "leasttime"] as const)("%s: keeps requests from a Pod that does not answer", async (strategy) => {
    const a = await pod("a");
    const requested = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    let hung = 0;
    const hanging = await startPod(async (_, response) => {
      hung += 1;
      requested.resolve();
      await release.promise;
      response.end("hanging");
    });
    const { gateway } = await start({ app: { ports: [hanging, a.port], strategy } });
    const answers: Promise<string[]>[] = [];
    while (hung === 0) {
      answers.push(ask(gateway, 1));
      await Promise.race([requested.promise, ...answers]);
      answers.splice(0, answers.length - 1);
    }
    expect(await ask(gateway, 8)).toEqual(Array.from({ length: 8 }, () => "a"));
    release.resolve();
    await Promise.all(answers);
  });

  it("drr: a Pod that fails gets less, and never nothing", async () => {
    const [a, b] = [await pod("a"), await pod("b")];
    a.state.status = 500;
    const { gateway } = await start({ app: { ports: [a.port, b.port], strategy: "drr" } });
    await ask(gateway, 60);
    expect(a.state.asked).toBeGreaterThan(1);
    expect(a.state.asked).toBeLessThan(15);
  });
});
