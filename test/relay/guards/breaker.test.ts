import fc from "fast-check";
import { afterEach, describe, expect, it, test } from "vitest";
import { AnswerMetrics } from "../../../relay/origin-gateway/guards/answer-metrics.ts";
import { admit, type BreakerState, CLOSED, check } from "../../../relay/origin-gateway/guards/breaker-state.ts";
import { GuardSet } from "../../../relay/origin-gateway/guards/guard-set.ts";
import { meetsCondition } from "../../../relay/origin-gateway/guards/meets-condition.ts";
import type { BreakerCondition } from "../../../src/table/breaker-condition.ts";
import type { Middleware, MiddlewareOptions } from "../../../src/table/middleware.ts";
import { closeAll, deadPort, open, ready, send, startGateway, startPod, tableOf } from "../gateway-harness.ts";

afterEach(closeAll);

const times = { checkPeriodMs: 100, fallbackDurationMs: 1000, recoveryDurationMs: 2000 };

describe("a circuit breaker", () => {
  const closed = (checkAt: number): BreakerState => ({ kind: "closed", checkAt });
  const open: BreakerState = { kind: "open", until: 1000 };
  const recovering = (admitted: number, refused: number, checkAt = 0): BreakerState => ({
    kind: "recovering",
    since: 1000,
    until: 3000,
    admitted,
    refused,
    checkAt,
  });

  test.each<[string, BreakerState, number, BreakerState, boolean]>([
    ["closed lets all pass", closed(50), 0, closed(50), true],
    ["open lets none pass", open, 999, open, false],
    ["begins to recover by letting none pass", open, 1000, recovering(0, 1, Number.NEGATIVE_INFINITY), false],
    ["recovering lets more pass with time", recovering(0, 9), 1500, recovering(1, 9), true],
    ["... but no more than that share", recovering(1, 6), 1500, recovering(1, 7), false],
    ["... and half of them in the end", recovering(10, 10), 2999, recovering(10, 11), false],
    ["closes when it has recovered", recovering(9, 11, 2950), 3000, closed(2950), true],
  ])("that is %s", (_, state, now, next, isAdmitted) => {
    expect(admit(state, now, times)).toEqual({ state: next, isAdmitted });
  });

  test.each<[string, BreakerState, number, boolean, BreakerState]>([
    ["closed stays so", closed(0), 5, false, closed(105)],
    ["closed opens", closed(0), 5, true, { kind: "open", until: 1005 }],
    ["closed is not looked at before it is time", closed(6), 5, true, closed(6)],
    ["open stays so", open, 5, true, open],
    ["recovering opens again", recovering(1, 1), 1500, true, { kind: "open", until: 2500 }],
    ["recovering goes on", recovering(1, 1), 1500, false, recovering(1, 1, 1600)],
  ])("that is %s after an answer", (_, state, now, isTripped, next) => {
    expect(check(state, now, times, () => isTripped)).toEqual(next);
  });

  it("looks at the condition only when it is time to", () => {
    let asked = 0;
    const state = check(CLOSED, 0, times, () => ++asked < 0);
    check(state, 99, times, () => ++asked < 0);
    expect(asked).toBe(1);
  });

  it("always closes when nothing fails any more, and never lets more than half pass before", () => {
    const step = fc.record({ wait: fc.nat(400), fails: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state: BreakerState = CLOSED;
        let now = 0;
        for (const { wait, fails } of steps) {
          now += wait;
          const before: BreakerState = state;
          const entered = admit(state, now, times);
          state = entered.state;
          if (before.kind === "open" && now < before.until) expect(entered.isAdmitted).toBe(false);
          if (state.kind === "closed") expect(entered.isAdmitted).toBe(true);
          if (state.kind === "recovering") {
            expect(state.admitted).toBeLessThanOrEqual(state.refused + 1);
            expect(state.until).toBeGreaterThan(now);
          }
          if (entered.isAdmitted) state = check(state, now, times, () => fails);
          if (state.kind === "open") expect(state.until).toBeLessThanOrEqual(now + times.fallbackDurationMs);
        }
        for (let i = 0; i < 4; i++) {
          now += times.fallbackDurationMs + times.recoveryDurationMs;
          const entered = admit(state, now, times);
          state = entered.isAdmitted ? check(entered.state, now, times, () => false) : entered.state;
        }
        expect(state.kind).toBe("closed");
      }),
    );
  });
});

describe("the measures of answers", () => {
  it("are 0 without any", () => {
    const metrics = new AnswerMetrics();
    expect([
      metrics.networkErrorRatio(0),
      metrics.responseCodeRatio(500, 600, 0, 600, 0),
      metrics.latencyAtQuantile(50, 0),
    ]).toEqual([0, 0, 0]);
  });

  it("take 502 and 504 for errors of the network, and ranges without their end", () => {
    const metrics = new AnswerMetrics();
    for (const status of [200, 500, 502, 504, 600]) metrics.record(status, 1, 0);
    expect(metrics.networkErrorRatio(0)).toBe(2 / 5);
    expect(metrics.responseCodeRatio(500, 600, 0, 600, 0)).toBe(3 / 4);
    expect(metrics.responseCodeRatio(500, 502, 200, 501, 0)).toBe(1 / 2);
    expect(metrics.responseCodeRatio(500, 600, 300, 400, 0)).toBe(0);
  });

  it("forget statuses after ten seconds and latencies after a minute", () => {
    const metrics = new AnswerMetrics();
    metrics.record(502, 500, 0);
    metrics.record(200, 1, 5_000);
    expect(metrics.networkErrorRatio(9_999)).toBe(1 / 2);
    expect(metrics.networkErrorRatio(10_000)).toBe(0);
    expect(metrics.latencyAtQuantile(100, 59_999)).toBeGreaterThan(480);
    expect(metrics.latencyAtQuantile(100, 60_000)).toBe(0);
    metrics.record(502, 1, 3_600_000);
    expect(metrics.networkErrorRatio(3_600_000)).toBe(1);
  });

  it("know a quantile to two percent", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 1, max: 100 }),
        (latencies, quantile) => {
          const metrics = new AnswerMetrics();
          latencies.forEach((ms, index) => {
            metrics.record(200, ms, index * 1000);
          });
          const sorted = [...latencies].sort((one, other) => one - other);
          const rank = Math.max(1, Math.round((quantile / 100) * sorted.length));
          const exact = sorted[rank - 1] ?? 0;
          const measured = metrics.latencyAtQuantile(quantile, latencies.length * 1000);
          expect(measured).toBeLessThanOrEqual(exact);
          expect(measured).toBeGreaterThanOrEqual(exact / 1.02 - 1);
        },
      ),
    );
  });

  it("survive a clock that is set back", () => {
    const metrics = new AnswerMetrics();
    metrics.record(502, 1, 1e9);
    for (let i = 0; i < 3; i++) metrics.record(200, 1, i * 1000);
    expect(metrics.networkErrorRatio(2_000)).toBe(0);
  });
});

test.each<[BreakerCondition, boolean]>([
  [{ type: "networkErrorRatio", operator: ">", value: 0.5 }, false],
  [{ type: "networkErrorRatio", operator: ">=", value: 0.5 }, true],
  [{ type: "networkErrorRatio", operator: "==", value: 0.5 }, true],
  [{ type: "networkErrorRatio", operator: "!=", value: 0.5 }, false],
  [{ type: "networkErrorRatio", operator: "<", value: 0.5 }, false],
  [{ type: "latencyAtQuantile", quantile: 100, operator: "<=", value: 90 }, true],
  [{ type: "not", rule: { type: "latencyAtQuantile", quantile: 100, operator: "<", value: 90 } }, true],
  [
    {
      type: "or",
      rules: [
        { type: "networkErrorRatio", operator: ">", value: 1 },
        {
          type: "and",
          rules: [
            {
              type: "responseCodeRatio",
              from: 200,
              to: 300,
              dividedByFrom: 0,
              dividedByTo: 600,
              operator: ">",
              value: 0.4,
            },
          ],
        },
      ],
    },
    true,
  ],
])("%j is %s of one 200 and one 502", (condition, expected) => {
  const metrics = new AnswerMetrics();
  metrics.record(200, 10, 0);
  metrics.record(502, 90, 0);
  expect(meetsCondition(condition, metrics, 0)).toBe(expected);
});

describe("circuitBreaker", () => {
  type Options = MiddlewareOptions<"circuitBreaker">;
  const breaker = (condition: BreakerCondition, changes: Partial<Options> = {}): Record<string, Middleware> => ({
    cb: {
      type: "circuitBreaker",
      condition,
      checkPeriodMs: 0,
      fallbackDurationMs: 10_000,
      recoveryDurationMs: 10_000,
      responseCode: 503,
      ...changes,
    },
  });
  const errors: BreakerCondition = { type: "networkErrorRatio", operator: ">", value: 0.5 };
  const failing: BreakerCondition & { type: "responseCodeRatio" } = {
    type: "responseCodeRatio",
    from: 500,
    to: 600,
    dividedByFrom: 0,
    dividedByTo: 600,
    operator: ">",
    value: 0.5,
  };
  const held = (router = "r") => ({ hop: { guards: { router, list: [{ middleware: "cb", key: "" }] } } });

  async function rig(condition: BreakerCondition, changes: Partial<Options> = {}) {
    let status = 200;
    const requests: string[] = [];
    const port = await startPod((request, response) => {
      requests.push(request.url ?? "");
      response.statusCode = status;
      response.end("pod");
    });
    const table = (more: Partial<Options> = {}) =>
      tableOf({ app: { endpoints: ready(port) } }, 7, {}, breaker(condition, { ...changes, ...more }));
    const gateway = await startGateway(table());
    return {
      gateway,
      table,
      requests,
      ask: (router?: string) => send(gateway, "app", held(router)),
      answerWith(next: number) {
        status = next;
      },
    };
  }

  it("keeps requests from Pods that fail, and lets them pass again step by step", async () => {
    const { gateway, requests, ask, answerWith } = await rig(failing, { responseCode: 529 });
    for (let i = 0; i < 3; i++) expect((await ask()).status).toBe(200);
    answerWith(500);
    for (let i = 0; i < 4; i++) expect((await ask()).status).toBe(500);
    const asked = requests.length;
    const refused = await ask();
    expect([refused.status, refused.headers["sluice-failure"], requests.length]).toEqual([529, undefined, asked]);
    expect((await ask("another router")).status).toBe(500);

    answerWith(200);
    gateway.advance(10_001);
    expect((await ask()).status).toBe(529);
    gateway.advance(9_000);
    const statuses: number[] = [];
    for (let i = 0; i < 20; i++) statuses.push((await ask()).status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(4);
    expect(statuses.filter((status) => status === 529).length).toBeGreaterThan(4);
    gateway.advance(2_000);
    for (let i = 0; i < 5; i++) expect((await ask()).status).toBe(200);
    expect(Object.fromEntries(gateway.stats().guards.opened)).toEqual({ cb: 2 });
  });

  it("opens again when Pods still fail while it recovers", async () => {
    const { gateway, requests, ask, answerWith } = await rig(failing);
    answerWith(500);
    await ask();
    gateway.advance(10_001);
    await ask();
    gateway.advance(9_000);
    const before = requests.length;
    for (let i = 0; i < 20; i++) expect((await ask()).status).not.toBe(200);
    expect(requests.length).toBe(before + 1);
  });

  it("stays open over a new table, unless it is another one", async () => {
    const { gateway, table, ask, answerWith } = await rig(failing);
    answerWith(500);
    await ask();
    answerWith(200);
    gateway.setTable(table());
    expect((await ask()).status).toBe(503);
    gateway.setTable(table({ responseCode: 529 }));
    expect((await ask()).status).toBe(200);
  });

  it("takes a Pod that cannot be reached for an error of the network", async () => {
    const table = tableOf({ app: { endpoints: ready(await deadPort()) } }, 7, {}, breaker(errors));
    const gateway = await startGateway(table);
    expect((await send(gateway, "app", held())).status).toBe(502);
    expect((await send(gateway, "app", held())).status).toBe(503);
    expect(gateway.stats().refusedDials).toBe(1);
  });

  it("takes clients that went away for slow answers", async () => {
    const asked = Promise.withResolvers<void>();
    const pod = await startPod(() => asked.resolve());
    const condition: BreakerCondition = { type: "latencyAtQuantile", quantile: 50, operator: ">", value: 1000 };
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod) } }, 7, {}, breaker(condition)));
    const leaving = await open(gateway, "app", held());
    leaving.on("error", () => {});
    leaving.end();
    await asked.promise;
    gateway.advance(2_000);
    leaving.destroy();
    while (gateway.stats().openRequests > 0) await new Promise(setImmediate);
    expect((await send(gateway, "app", held())).status).toBe(503);
  });

  it("sees what a retry behind it came to, and each attempt of one before it", async () => {
    const retry: Middleware = {
      type: "retry",
      attempts: 2,
      initialIntervalMs: 0,
      timeoutMs: 0,
      status: ["500"],
      maxRequestBodyBytes: -1,
      disableRetryOnNetworkError: false,
      retryNonIdempotentMethod: false,
    };
    for (const [list, expected] of [
      [
        ["cb", "retry"],
        [200, 200],
      ],
      [
        ["retry", "cb"],
        [503, 503],
      ],
    ] as const) {
      let requests = 0;
      const pod = await startPod((_, response) => {
        response.statusCode = ++requests === 1 ? 500 : 200;
        response.end();
      });
      const table = tableOf({ app: { endpoints: ready(pod) } }, 7, {}, { ...breaker(failing), retry });
      const gateway = await startGateway(table);
      const hop = { guards: { router: "r", list: list.map((middleware) => ({ middleware, key: "" })) } };
      const statuses = [(await send(gateway, "app", { hop })).status, (await send(gateway, "app", { hop })).status];
      expect(statuses).toEqual(expected);
    }
  });

  it("is told of a request that a limit behind it refused", async () => {
    const pod = await startPod((_, response) => response.end());
    const tooMany: BreakerCondition = { ...failing, from: 429, to: 430 };
    const middlewares: Record<string, Middleware> = { ...breaker(tooMany), limit: { type: "inFlightReq", amount: 0 } };
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod) } }, 7, {}, middlewares));
    const list = ["cb", "limit"].map((middleware) => ({ middleware, key: "" }));
    const hop = { guards: { router: "r", list } };
    expect((await send(gateway, "app", { hop })).status).toBe(429);
    expect((await send(gateway, "app", { hop })).status).toBe(503);
  });

  it("of one of very many routers is forgotten before they take too much", () => {
    const guards = new GuardSet({ now: () => 0, random: () => 0 });
    const middlewares = breaker(failing);
    const list = [{ middleware: "cb", key: "" }];
    const first = guards.plan({ router: "r0", list }, middlewares)?.outer[0];
    expect(guards.plan({ router: "r0", list }, middlewares)?.outer[0]).toBe(first);
    for (let i = 1; i <= 10_000; i++) guards.plan({ router: `r${i}`, list }, middlewares);
    expect(guards.plan({ router: "r0", list }, middlewares)?.outer[0]).not.toBe(first);
  });

  it("is each router's own, also below a router", () => {
    const guards = new GuardSet({ now: () => 0, random: () => 0 });
    const below = (key: string) =>
      guards.plan({ router: "top", list: [{ middleware: "cb", key }] }, breaker(failing))?.outer[0];
    expect(below("a ")).toBe(below("a "));
    expect(new Set([below(""), below("a "), below("b ")]).size).toBe(3);
  });
});
