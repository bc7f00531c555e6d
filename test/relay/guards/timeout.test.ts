import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { GuardSet } from "../../../relay/origin-gateway/guards/guard-set.ts";
import type { HopGuard } from "../../../src/hop/hop.ts";
import type { Middleware, MiddlewareOptions } from "../../../src/table/middleware.ts";
import { closeAll, listen, open, ready, type Sent, send, startGateway, startPod, tableOf } from "../gateway-harness.ts";

afterEach(closeAll);

const timeout = (requestMs: number, backendRequestMs = 0): Middleware => ({
  type: "timeout",
  requestMs,
  backendRequestMs,
});
const retry = (changes: Partial<MiddlewareOptions<"retry">> = {}): Middleware => ({
  type: "retry",
  attempts: 3,
  initialIntervalMs: 0,
  timeoutMs: 0,
  status: [],
  maxRequestBodyBytes: 1024,
  disableRetryOnNetworkError: false,
  retryNonIdempotentMethod: true,
  doublesPauses: true,
  retryIdempotentFailures: true,
  ...changes,
});

/** Pods that never answer, or begin and never end. */
async function pod(listener: RequestListener) {
  const requests: IncomingMessage[] = [];
  const closed: Promise<unknown>[] = [];
  const port = await startPod((request, response) => {
    requests.push(request);
    closed.push(once(response, "close"));
    listener(request, response);
  });
  return { port, requests, closed };
}
const silent: RequestListener = () => {};
const endless: RequestListener = (_, response) => void response.write("begun");
const swift =
  (text: string): RequestListener =>
  (_, response) =>
    void response.end(text);

async function rig(
  ports: number[],
  middlewares: Record<string, Middleware>,
  key = "",
  now: () => number = () => performance.now(),
) {
  // As in the relay, whose guards have a clock of their own.
  const guards = new GuardSet({ now, random: () => 0 });
  const gateway = await startGateway(tableOf({ app: { endpoints: ready(...ports) } }, 7, {}, middlewares), { guards });
  const list = Object.keys(middlewares).map(
    (middleware): HopGuard => ({ middleware, key: middleware === "timeout" ? key : "" }),
  );
  const hop = { guards: { router: "r", list } };
  return { gateway, hop, ask: (sent: Sent = {}) => send(gateway, "app", { hop, ...sent }) };
}

describe("request", () => {
  it("answers 504 when no Pod has answered, and leaves the Pod", async () => {
    const slow = await pod(silent);
    const { ask } = await rig([slow.port], { timeout: timeout(50) });
    expect(await ask()).toMatchObject({
      status: 504,
      text: "Gateway Timeout",
      headers: { "sluice-failure": "timeout" },
    });
    await slow.closed[0];
  });

  it("cuts an answer that has begun, so that nobody takes it for whole", async () => {
    const slow = await pod(endless);
    const { ask } = await rig([slow.port], { timeout: timeout(500) });
    await expect(ask()).rejects.toThrow("aborted");
    await slow.closed[0];
  });

  it("covers all tries: once it is over, nothing is sent again", async () => {
    let passed = 0;
    let requests = 0;
    const late: RequestListener = () => {
      if (++requests === 2) passed += 60_000;
    };
    const pods = [await pod(late), await pod(late)];
    const { ask, gateway } = await rig(
      pods.map(({ port }) => port),
      { timeout: timeout(60_000, 500), retry: retry({ attempts: 9 }) },
      "",
      () => performance.now() + passed,
    );
    expect(await ask()).toMatchObject({ status: 504 });
    expect(pods.map((one) => one.requests.length)).toEqual([1, 1]);
    expect(Object.fromEntries(gateway.stats().guards.retried)).toEqual({ retry: 1 });
  });

  it("passes a failure on when no time is left for the pause before another try", async () => {
    const failing = await pod((_, response) => void response.writeHead(503).end("ill"));
    const { ask } = await rig([failing.port], {
      timeout: timeout(60_000),
      retry: retry({ status: ["503"], initialIntervalMs: 60_000 }),
    });
    expect(await ask()).toMatchObject({ status: 503, text: "ill" });
    expect(failing.requests).toHaveLength(1);
  });

  it("has passed already as far as the edge says", async () => {
    const slow = await pod(silent);
    const { ask } = await rig([slow.port], { timeout: timeout(60_000) }, "59950");
    expect((await ask()).status).toBe(504);
  });

  it.each(["x", "-1", "1e9", "1".repeat(16)])("is not guessed from %s", async (key) => {
    const fine = await pod(swift("ok"));
    const { ask } = await rig([fine.port], { timeout: timeout(60_000) }, key);
    expect(await ask()).toMatchObject({ status: 503, headers: { "sluice-failure": "unknown-service" } });
  });

  it("does not end what is in time, nor the connection that carried it", async () => {
    const fine = await pod(swift("ok"));
    const sockets = new Set<Socket>();
    const { ask } = await rig([fine.port], { timeout: timeout(60_000, 60_000) });
    for (let i = 0; i < 3; i++) expect(await ask()).toMatchObject({ status: 200, text: "ok" });
    for (const { socket } of fine.requests) sockets.add(socket);
    expect(sockets.size).toBe(1);
  });
});

describe("backendRequest", () => {
  it("answers 504 without a retry", async () => {
    const slow = await pod(silent);
    const { ask } = await rig([slow.port], { timeout: timeout(0, 50) });
    expect((await ask()).status).toBe(504);
    await slow.closed[0];
  });

  it("cuts an answer that has begun", async () => {
    const slow = await pod(endless);
    const { ask } = await rig([slow.port], { timeout: timeout(0, 500) });
    await expect(ask()).rejects.toThrow("aborted");
  });

  it.each([
    ["GET", {}, 200],
    ["PUT with a body", { method: "PUT", body: "whole" }, 200],
    ["POST, which a Pod may have begun", { method: "POST", body: "once" }, 504],
  ] as [string, Sent, number][])("is followed by another Pod: %s", async (_, sent, status) => {
    const [slow, fine] = [await pod(silent), await pod(swift("ok"))];
    const { ask } = await rig([slow.port, fine.port], { timeout: timeout(0, 500), retry: retry() });
    const answers = [await ask(sent), await ask(sent)].map((answer) => answer.status);
    expect(answers.toSorted()).toEqual([200, status].toSorted());
    expect(slow.requests.length).toBeGreaterThan(0);
    expect(fine.requests).toHaveLength(status === 200 ? 2 : 1);
  });

  it("is an answer of 504 to a retry that asks for these, whatever the method, in Traefik's way", async () => {
    const [slow, fine] = [await pod(silent), await pod(swift("ok"))];
    const { retryIdempotentFailures: _, ...traefik } = retry({ status: ["504"] }) as MiddlewareOptions<"retry">;
    const { ask } = await rig([slow.port, fine.port], { timeout: timeout(0, 500), retry: traefik });
    const sent: Sent = { method: "POST", body: "again" };
    expect([(await ask(sent)).status, (await ask(sent)).status]).toEqual([200, 200]);
    expect(fine.requests).toHaveLength(2);
  });
});

describe("over HTTP/2", () => {
  async function h2cPod(serve: (stream: ServerHttp2Stream) => void) {
    const closed: Promise<void>[] = [];
    const server = createHttp2Server().on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {});
      closed.push(new Promise((resolve) => stream.once("close", resolve)));
      serve(stream);
    });
    return { port: await listen(server), closed };
  }
  const rigH2c = async (ports: number[], middlewares: Record<string, Middleware>) => {
    const list = Object.keys(middlewares).map((middleware): HopGuard => ({ middleware, key: "" }));
    const spec = { endpoints: ready(...ports), scheme: "h2c" as const };
    const gateway = await startGateway(tableOf({ app: spec }, 7, {}, middlewares));
    return (sent: Sent = {}) => send(gateway, "app", { hop: { guards: { router: "r", list } }, ...sent });
  };

  it.each([
    ["request", timeout(500)],
    ["backendRequest", timeout(0, 500)],
  ])("%s: a Pod that is silent is left, and asked again", async (_, limits) => {
    let isSilent = true;
    const slow = await h2cPod((stream) => {
      if (!isSilent) stream.respond({ ":status": 200 }, { endStream: true });
    });
    const ask = await rigH2c([slow.port], { timeout: limits });
    expect((await ask()).status).toBe(504);
    await Promise.all(slow.closed);
    isSilent = false;
    expect((await ask()).status).toBe(200);
  });

  it("cuts an answer that has begun", async () => {
    const slow = await h2cPod((stream) => {
      stream.respond({ ":status": 200 });
      stream.write("begun");
    });
    const ask = await rigH2c([slow.port], { timeout: timeout(0, 500) });
    await expect(ask()).rejects.toThrow("aborted");
    expect(slow.closed).toHaveLength(1);
    await Promise.all(slow.closed);
  });
});

describe("retries of Gateway API", () => {
  const closing: RequestListener = ({ socket }) => void socket.destroy();

  it.each([
    ["PUT", 200],
    ["POST", 502],
  ])("%s after a connection that ended", async (method, status) => {
    const pods = [await pod(closing), await pod(swift("ok"))];
    const { ask } = await rig(
      pods.map(({ port }) => port),
      { retry: retry({ status: ["502"] }) },
    );
    const sent: Sent = { method, body: "x" };
    const answers = [(await ask(sent)).status, (await ask(sent)).status];
    expect(answers.toSorted()).toEqual([200, status].toSorted());
  });

  it("sends a POST again whose Pod gave an answer that is named", async () => {
    const pods = [await pod((_, response) => void response.writeHead(503).end()), await pod(swift("ok"))];
    const { ask } = await rig(
      pods.map(({ port }) => port),
      { retry: retry({ status: ["503"] }) },
    );
    const sent: Sent = { method: "POST", body: "x" };
    expect([(await ask(sent)).status, (await ask(sent)).status]).toEqual([200, 200]);
  });
});

it("leaves what was upgraded alone", async () => {
  const upgraded = Promise.withResolvers<void>();
  const server = createServer();
  server.on("upgrade", (_, socket: Socket) => {
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    socket.pipe(socket);
    upgraded.resolve();
  });
  const { gateway, hop } = await rig([await listen(server)], { timeout: timeout(500, 500) });
  const request = await open(gateway, "app", { hop, headers: ["connection", "upgrade", "upgrade", "echo"] });
  const opened = once(request, "upgrade") as Promise<[IncomingMessage, Socket]>;
  request.end();
  const [, socket] = await opened;
  await upgraded.promise;
  // Another request's time is over after this one's would have been.
  const slow = await rig([(await pod(silent)).port], { timeout: timeout(550) });
  expect((await slow.ask()).status).toBe(504);
  socket.write("still here");
  expect(String((await once(socket, "data"))[0])).toBe("still here");
  socket.destroy();
});
