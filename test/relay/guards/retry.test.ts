import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { othersFirst } from "../../../relay/origin-gateway/guards/others-first.ts";
import { compileRetry } from "../../../relay/origin-gateway/guards/retry-policy.ts";
import type { Target } from "../../../relay/origin-gateway/target.ts";
import type { HopGuard } from "../../../src/hop/hop.ts";
import type { Middleware, MiddlewareOptions } from "../../../src/table/middleware.ts";
import {
  type Answer,
  answerOk,
  closeAll,
  deadPort,
  open,
  ready,
  type Sent,
  type ServiceSpec,
  scriptedPod,
  send,
  startGateway,
  startPod,
  tableOf,
} from "../gateway-harness.ts";

afterEach(closeAll);

type RetryOptions = MiddlewareOptions<"retry">;
const retryOptions = (changes: Partial<RetryOptions> = {}): RetryOptions => ({
  type: "retry",
  attempts: 3,
  initialIntervalMs: 0,
  timeoutMs: 0,
  status: ["500-599"],
  maxRequestBodyBytes: 1024,
  disableRetryOnNetworkError: false,
  retryNonIdempotentMethod: false,
  ...changes,
});
const retried = (...names: string[]) => ({
  guards: { router: "r", list: names.map((middleware): HopGuard => ({ middleware, key: "" })) },
});

/** A Pod that fails so many times, then answers with its name and the body that it got. */
async function failingPod(name: string, times: number, status = 503) {
  const requests: string[] = [];
  let failures = times;
  const port = await startPod(async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push(body);
    if (requests.length <= failures) {
      response.statusCode = status;
      response.setHeader("x-failed-by", name);
      response.end(`${name} fails`);
    } else {
      response.end(`${name} ${body}`);
    }
  });
  return {
    port,
    requests,
    /** Fails so many times more. */
    fail(more: number) {
      failures = requests.length + more;
    },
  };
}

async function rig(
  spec: ServiceSpec,
  options: Partial<RetryOptions> = {},
  more: Record<string, Middleware> = {},
  list = ["retry"],
) {
  const gateway = await startGateway(tableOf({ app: spec }, 7, {}, { retry: retryOptions(options), ...more }));
  const ask = (sent: Sent = {}) => send(gateway, "app", { hop: retried(...list), ...sent });
  return { gateway, ask };
}

describe("retry", () => {
  it("sends a request again whose answer is a failure, and the client sees the last answer alone", async () => {
    const pod = await failingPod("a", 2);
    const { gateway, ask } = await rig({ endpoints: ready(pod.port) });
    const answer = await ask();
    expect([answer.status, answer.text, answer.headers["x-failed-by"]]).toEqual([200, "a ", undefined]);
    expect(pod.requests).toHaveLength(3);
    expect(Object.fromEntries(gateway.stats().guards.retried)).toEqual({ retry: 2 });
  });

  it("passes the last failure on", async () => {
    const pod = await failingPod("a", 99);
    const { ask } = await rig({ endpoints: ready(pod.port) });
    expect(await ask()).toMatchObject({ status: 503, text: "a fails", headers: { "x-failed-by": "a" } });
    expect(pod.requests).toHaveLength(3);
  });

  it.each([
    ["one attempt", { attempts: 1 }, {}, 1],
    ["another status", { status: ["500", "502-599"] }, {}, 2],
    ["a status that is not meant", { status: ["502"] }, {}, 1],
    ["no status at all", { status: [] }, {}, 1],
    ["POST", {}, { method: "POST", body: "x" }, 1],
    ["LOCK", {}, { method: "LOCK" }, 1],
    ["PATCH that may", { retryNonIdempotentMethod: true }, { method: "PATCH", body: "x" }, 2],
    ["PUT", {}, { method: "PUT", body: "x" }, 2],
    ["a body of the most bytes", {}, { method: "PUT", body: "x".repeat(1024) }, 2],
    ["a body of one byte more", {}, { method: "PUT", body: "x".repeat(1025) }, 1],
    ["a body in pieces, too long", {}, { method: "PUT", body: Array(40).fill(Buffer.alloc(40)) }, 1],
    ["any body", { maxRequestBodyBytes: -1 }, { method: "PUT", body: "x".repeat(100_000) }, 2],
  ] as [string, Partial<RetryOptions>, Sent, number][])("%s", async (name, options, sent, times) => {
    const pod = await failingPod("a", 1, name === "another status" ? 502 : 503);
    const { ask } = await rig({ endpoints: ready(pod.port) }, options);
    const answer = await ask(sent);
    const whole = Buffer.concat([sent.body ?? ""].flat().map((part) => Buffer.from(part as Buffer))).toString();
    expect(pod.requests).toEqual(Array(times).fill(whole));
    expect(answer.status).toBe(times > 1 ? 200 : 503);
    if (times > 1) expect(answer.text).toBe(`a ${whole}`);
  });

  it("never asks the same endpoint again while another is healthy", async () => {
    const pods = await Promise.all([1, 2, 3].map((n) => failingPod(`p${n}`, 99)));
    const { ask } = await rig({ endpoints: ready(...pods.map(({ port }) => port)) }, { attempts: 6 });
    for (let round = 1; round <= 4; round++) {
      expect((await ask()).status).toBe(503);
      expect(pods.map(({ requests }) => requests.length)).toEqual([2 * round, 2 * round, 2 * round]);
    }
  });

  it("asks one again that answers rather than one that takes no connection", async () => {
    const pod = await failingPod("a", 1);
    const { ask } = await rig({ endpoints: ready(await deadPort(), pod.port) }, { attempts: 2 });
    expect((await ask()).text).toBe("a ");
    expect(pod.requests).toHaveLength(2);
  });

  it("leaves the session's endpoint for another, and takes the session along", async () => {
    const cookie = { name: "s", path: "/", secure: false, httpOnly: false, maxAge: 0 };
    const pods = await Promise.all([1, 2].map((n) => failingPod(`p${n}`, 0)));
    const { ask } = await rig({ endpoints: ready(...pods.map(({ port }) => port)), sticky: cookie });
    const sessionOf = ({ headers }: Answer): string | undefined => headers["set-cookie"]?.[0]?.split(";")[0];
    const session = sessionOf(await ask()) ?? "";
    const [own, other] = pods[0]?.requests.length === 1 ? pods : [...pods].reverse();
    own?.fail(99);
    const moved = await ask({ headers: ["cookie", session] });
    expect([moved.status, own?.requests.length, other?.requests.length]).toEqual([200, 2, 1]);
    expect(sessionOf(moved)).toMatch(/^s=./);
    expect(sessionOf(moved)).not.toBe(session);
    await ask({ headers: ["cookie", sessionOf(moved) ?? ""] });
    expect([own?.requests.length, other?.requests.length]).toEqual([2, 2]);
  });

  it("is answered by the table that it came with", async () => {
    const { gateway, ask } = await rig({ endpoints: ready(await deadPort()) }, { attempts: 20, initialIntervalMs: 5 });
    const asked = ask({ method: "POST", body: "once" });
    while ((gateway.stats().guards.retried.get("retry") ?? 0) < 2) await new Promise(setImmediate);
    gateway.setTable(tableOf({ app: { endpoints: [] } }));
    expect((await asked).status).toBe(502);
  });

  it.each([
    [false, 3],
    [true, 1],
  ])("sends again what reached no Pod, unless told not to (%s)", async (disableRetryOnNetworkError, rounds) => {
    const { gateway, ask } = await rig(
      { endpoints: ready(await deadPort()) },
      { status: ["418"], disableRetryOnNetworkError },
    );
    expect((await ask({ method: "POST", body: "x" })).status).toBe(502);
    expect(gateway.stats().refusedDials).toBe(rounds);
  });

  it("takes a cut connection for the status that the client would get", async () => {
    const pod = await scriptedPod([(socket) => socket.destroy(), (socket) => socket.destroy(), answerOk]);
    const { ask } = await rig({ endpoints: ready(pod.port) }, { status: ["502"], attempts: 3 });
    expect(await ask({ method: "PUT", body: "x" })).toMatchObject({ status: 200, text: "ok" });
  });

  it.each([
    ["that cuts the connection", (socket: Socket) => socket.destroy(), "502"],
    ["that does not answer in time", () => {}, "504"],
  ])("goes on to another Pod after one %s", async (_, fails, status) => {
    const [bad, good] = [await scriptedPod(Array(9).fill(fails)), await failingPod("good", 0)];
    const table = tableOf(
      { app: { endpoints: ready(bad.port, good.port), serversTransport: "t" } },
      7,
      { t: { responseHeaderTimeoutMs: 50 } },
      { retry: retryOptions({ status: [status], attempts: 2 }) },
    );
    const gateway = await startGateway(table);
    for (let i = 1; i <= 3; i++) {
      expect((await send(gateway, "app", { method: "PUT", body: "x", hop: retried("retry") })).text).toBe("good x");
    }
    expect(bad.requests()).toBeGreaterThan(0);
  });

  it("sends all of a body that was still on its way when the first Pod failed", async () => {
    const failed = Promise.withResolvers<void>();
    const bad = await startPod((request, response) => {
      request.once("data", () => {
        response.writeHead(503).end();
        failed.resolve();
      });
    });
    const good = await failingPod("good", 0);
    const { gateway } = await rig({ endpoints: ready(bad, good.port) });
    async function* body() {
      yield Buffer.from("first,");
      await failed.promise;
      for (let i = 0; i < 5; i++) yield Buffer.from(`${i},`);
    }
    const answer = await send(gateway, "app", { method: "PUT", body: body(), hop: retried("retry") });
    expect(answer.text).toBe("good first,0,1,2,3,4,");
  });

  it("stops when its time is up", async () => {
    const pod = await failingPod("a", 99);
    let now = 0;
    const gateway = await startGateway(
      tableOf(
        { app: { endpoints: ready(pod.port) } },
        7,
        {},
        { retry: retryOptions({ attempts: 50, timeoutMs: 100 }) },
      ),
      { now: () => (now += 10) },
    );
    expect((await send(gateway, "app", { hop: retried("retry") })).status).toBe(503);
    expect(pod.requests.length).toBeGreaterThan(1);
    expect(pod.requests.length).toBeLessThan(12);
  });

  it("ends with its client", async () => {
    const pod = await failingPod("a", 99);
    const { gateway } = await rig({ endpoints: ready(pod.port) }, { attempts: 100, initialIntervalMs: 60_000 });
    const leaving = await open(gateway, "app", { hop: retried("retry") });
    leaving.on("error", () => {});
    leaving.end();
    while (gateway.stats().guards.retried.size === 0) await new Promise(setImmediate);
    leaving.destroy();
    while (gateway.stats().openRequests > 0) await new Promise(setImmediate);
    expect(pod.requests).toHaveLength(1);
  });

  it("has each attempt counted by what stands behind it, and the request by what stands before", async () => {
    const limit = (amount: number): Middleware => ({ type: "inFlightReq", amount });
    for (const list of [
      ["limit", "retry"],
      ["retry", "limit"],
    ]) {
      const pod = await failingPod("a", 2);
      const { gateway, ask } = await rig({ endpoints: ready(pod.port) }, {}, { limit: limit(1) }, list);
      for (let i = 0; i < 3; i++) expect((await ask()).status).toBe(200);
      expect(gateway.stats().guards.refused.size).toBe(0);
    }
  });

  it("counts once where it stands in itself", async () => {
    const pod = await failingPod("a", 99);
    const { ask } = await rig({ endpoints: ready(pod.port) }, {}, {}, ["retry", "retry", "retry"]);
    expect((await ask()).status).toBe(503);
    expect(pod.requests).toHaveLength(3);
  });

  it("leaves the client's connection fit for its next request, also when the Pod did not read the body", async () => {
    const pod = await startPod((_, response) => {
      response.statusCode = 503;
      response.end("no");
    });
    const { ask } = await rig({ endpoints: ready(pod) }, { maxRequestBodyBytes: 100 });
    const body = Buffer.alloc(1_000_000);
    for (let i = 0; i < 3; i++) expect((await ask({ method: "PUT", body })).status).toBe(503);
  });
});

describe("the pauses of a retry", () => {
  it("grow to at most twice the first, each by half longer or shorter", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), fc.integer({ min: 1, max: 10_000 }), (attempts, first) => {
        const { pauseMs } = compileRetry(retryOptions({ attempts, initialIntervalMs: first }));
        expect(pauseMs(1, 0.5)).toBeCloseTo(first);
        for (let nth = 1; nth < attempts; nth++) {
          expect(pauseMs(nth, 0.5)).toBeLessThanOrEqual(2 * first + 1e-6);
          expect(pauseMs(nth + 1, 0.5)).toBeGreaterThanOrEqual(pauseMs(nth, 0.5));
          expect(pauseMs(nth, 0)).toBeCloseTo(pauseMs(nth, 0.5) / 2);
          expect(pauseMs(nth, 1)).toBeCloseTo(pauseMs(nth, 0.5) * 1.5);
        }
      }),
    );
  });

  it("double where Gateway API asks for them, and are never shorter than it says", () => {
    const attempts = fc.integer({ min: 2, max: 101 });
    fc.assert(
      fc.property(
        attempts,
        fc.integer({ min: 0, max: 200_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, first, at) => {
          const { pauseMs } = compileRetry(
            retryOptions({ attempts: n, initialIntervalMs: first, doublesPauses: true }),
          );
          for (let nth = 1; nth < n; nth++) {
            expect(pauseMs(nth, at)).toBeGreaterThanOrEqual(first);
            expect(pauseMs(nth, at)).toBeLessThanOrEqual(Math.max(60_000, first) * 1.5);
            if (nth > 1)
              expect(pauseMs(nth, 0)).toBeCloseTo(Math.min(2 * pauseMs(nth - 1, 0), Math.max(60_000, first)));
          }
        },
      ),
    );
  });

  it("are none that a timer cannot wait for, however long they are asked to be", () => {
    const { pauseMs } = compileRetry(retryOptions({ initialIntervalMs: 2 ** 31 - 1, doublesPauses: true }));
    expect(pauseMs(1, 0.9)).toBe(2 ** 31 - 1);
  });

  it("are none without an interval", () => {
    expect(compileRetry(retryOptions()).pauseMs(1, 0.9)).toBe(0);
  });
});

it("an order with others first has all of it, in the same order among those that are alike", () => {
  const target = (n: number): Target => ({ address: `10.0.0.${n}`, authority: `10.0.0.${n}:80`, isTerminating: false });
  fc.assert(
    fc.property(fc.subarray([1, 2, 3, 4]), fc.subarray([1, 2, 3, 4]), fc.boolean(), (tried, down, hasLast) => {
      const last = hasLast ? target(9) : undefined;
      const all = [1, 2, 3, 4].map(target).concat(last ?? []);
      const isDown = (authority: string) => down.some((n) => target(n).authority === authority);
      const order = [...othersFirst(all, new Set(tried.map((n) => target(n).authority)), last, { isDown })];
      const rank = (one: Target): number => {
        if (one === last) return 3;
        if (isDown(one.authority)) return 2;
        return tried.some((n) => target(n).authority === one.authority) ? 1 : 0;
      };
      const expected = [...all].sort((one, other) => rank(one) - rank(other));
      expect(order).toEqual(expected);
    }),
  );
});
