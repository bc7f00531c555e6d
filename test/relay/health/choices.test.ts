import { describe, expect, it } from "vitest";
import { Choices } from "../../../relay/health/choices.ts";
import { createDialFailures } from "../../../relay/origin-gateway/dial-failures.ts";
import { orderTargets } from "../../../relay/origin-gateway/order-targets.ts";
import { type Target, targetsOf } from "../../../relay/origin-gateway/target.ts";
import { createBalanceState } from "../../../src/balance/balance-state.ts";
import type { Endpoints, LoadBalancer } from "../../../src/table/service.ts";
import { ready } from "../gateway-harness.ts";
import { healthCheck } from "./health-harness.ts";

const service = (change: Partial<LoadBalancer>): LoadBalancer => ({
  type: "loadBalancer",
  endpoints: "app",
  scheme: "http",
  passHostHeader: true,
  transport: "gateway",
  ...change,
});

interface Client {
  address?: string;
  headers?: Record<string, string>;
}

function start() {
  const clock = { now: 1_000 };
  const down = new Set<string>();
  const ejected: string[] = [];
  const refusing = new Set<string>();
  const choices = new Choices({
    health: {
      isDown: (_, { authority }) => down.has(authority),
      takeDown: (_, { authority }) => void down.add(authority),
    },
    now: () => clock.now,
    random: () => 0,
    onEjected: (_, { authority }) => ejected.push(authority),
  });
  const balance = createBalanceState({ random: () => 0 });
  const choose = (asked: LoadBalancer, endpoints: Endpoints, { address = "192.0.2.1", headers = {} }: Client = {}) => {
    const targets = targetsOf(endpoints);
    const choice = choices.of(asked, targets, { address, header: (name) => headers[name] });
    const failures = createDialFailures(() => 0);
    for (const authority of refusing) failures.failed(authority);
    const order = (session?: Target) => [...orderTargets(targets, asked.endpoints, session, balance, failures, choice)];
    return { order, choice, targets, ports: (session?: Target) => order(session).map(portOf) };
  };
  return { clock, down, ejected, refusing, choices, choose };
}

const portOf = ({ authority }: Target): number => Number(authority.split(":")[1]);
const three: Endpoints = { endpoints: ready(1, 2, 3), clusterIp: { address: "10.96.0.1", port: 99 } };

describe("healthy endpoints", () => {
  const checked = service({ healthCheck: healthCheck() });

  it("alone get requests, and the Service's address only when all are", () => {
    const { choose, down } = start();
    expect(choose(checked, three).ports().toSorted()).toEqual([1, 2, 3, 99]);
    down.add("127.0.0.1:2");
    expect(choose(checked, three).ports().toSorted()).toEqual([1, 3]);
    for (const port of [1, 3]) down.add(`127.0.0.1:${port}`);
    expect(choose(checked, three).ports()).toEqual([]);
  });

  it("take over the sessions of others", () => {
    const { choose, down } = start();
    const { ports, targets } = choose(checked, three);
    expect(ports(targets.all[1])[0]).toBe(2);
    down.add("127.0.0.1:2");
    expect(ports(targets.all[1])).not.toContain(2);
  });

  it("that refused lately come last", () => {
    const { choose, refusing } = start();
    refusing.add("127.0.0.1:1").add("127.0.0.1:2");
    expect(choose(checked, three).ports()[0]).toBe(3);
  });

  it("are those that serve where the Service has none of its own listed", () => {
    const { choose } = start();
    expect(choose(checked, { endpoints: [], clusterIp: { address: "10.96.0.1", port: 99 } }).ports()).toEqual([99]);
  });
});

describe("failures of requests", () => {
  const passive = service({ passiveHealthCheck: { maxFailedAttempts: 2, failureWindowMs: 10_000 } });

  const attempt = (
    { choice, targets }: ReturnType<ReturnType<typeof start>["choose"]>,
    status?: number,
    isGone = false,
  ) => {
    const target = targets.all[0];
    if (target === undefined) throw new Error("there is no target");
    const one = choice.begin(target);
    if (status !== undefined) one.answered(status);
    one.ended(isGone);
  };

  it.each<[string, (number | undefined)[], boolean]>([
    ["without an answer", [undefined, undefined], true],
    ["of the server", [500, 503], true],
    ["with one in between that is none", [500, 200, 500], false],
    ["of the client", [404, 404], false],
    ["too few", [500], false],
  ])("take an endpoint out: %s", (_, statuses, isOut) => {
    const { choose, ejected } = start();
    const asked = choose(passive, three);
    for (const status of statuses) attempt(asked, status);
    expect(asked.ports().includes(1)).toBe(!isOut);
    expect(ejected).toEqual(isOut ? ["127.0.0.1:1"] : []);
  });

  it("are none where the client went away", () => {
    const { choose } = start();
    const asked = choose(passive, three);
    for (let i = 0; i < 3; i++) attempt(asked, undefined, true);
    expect(asked.ports()).toContain(1);
  });

  it("are forgotten when the window is over", () => {
    const { choose, clock } = start();
    const asked = choose(passive, three);
    for (let i = 0; i < 2; i++) attempt(asked, 500);
    expect(asked.ports()).not.toContain(1);
    clock.now += 10_000;
    expect(asked.ports()).toContain(1);
  });

  it("last until a probe passes where there are probes", () => {
    const { choose, clock, down } = start();
    const asked = choose({ ...passive, healthCheck: healthCheck() }, three);
    for (let i = 0; i < 2; i++) attempt(asked, 500);
    clock.now += 60_000;
    expect(asked.ports()).not.toContain(1);
    down.clear();
    expect(asked.ports()).toContain(1);
  });
});

describe("a client's endpoint", () => {
  const byAddress = service({ strategy: "hrw" });

  it("stays the same over requests and tables, and the next one after it too", () => {
    const first = start().choose(byAddress, three).ports();
    for (let i = 0; i < 3; i++)
      expect(
        start()
          .choose(byAddress, { ...three })
          .ports(),
      ).toEqual(first);
    const { choose, down } = start();
    down.add(`127.0.0.1:${first[0]}`);
    expect(choose({ ...byAddress, healthCheck: healthCheck() }, three).ports()[0]).toBe(first[1]);
  });

  it.each<[string, LoadBalancer["clientKey"], Client, Client]>([
    [
      "by header",
      { type: "header", name: "x-user" },
      { headers: { "x-user": "ada" } },
      { headers: { "x-user": "bob" } },
    ],
    ["by cookie", { type: "cookie", name: "id" }, { headers: { cookie: "id=ada" } }, { headers: { cookie: "id=bob" } }],
    ["by address", undefined, { address: "192.0.2.7" }, { address: "192.0.2.15" }],
    [
      "by address where it has no cookie",
      { type: "cookie", name: "id" },
      { address: "192.0.2.7" },
      { address: "192.0.2.15" },
    ],
  ])("is found %s alone", (_, clientKey, one, other) => {
    const asked = service({ strategy: "hrw", ...(clientKey && { clientKey }) });
    const many: Endpoints = { endpoints: ready(...Array.from({ length: 50 }, (__, index) => index + 1)) };
    const firstOf = (client: Client): number | undefined => start().choose(asked, many, client).ports()[0];
    expect(firstOf(one)).toBe(firstOf(one));
    expect(firstOf(one)).not.toBe(firstOf(other));
    if (clientKey !== undefined && one.headers) expect(firstOf({ ...one, address: "203.0.113.5" })).toBe(firstOf(one));
  });
});

describe("strategies that look at endpoints", () => {
  const send = (one: ReturnType<ReturnType<typeof start>["choose"]>) => {
    const [target] = one.order();
    if (target === undefined) throw new Error("there is no target");
    return { port: portOf(target), attempt: one.choice.begin(target) };
  };

  it("p2c: goes to the one with fewer requests under way", () => {
    const { choose } = start();
    const asked = choose(service({ strategy: "p2c" }), { endpoints: ready(1, 2) });
    const first = send(asked);
    const second = send(asked);
    expect([first.port, second.port].toSorted()).toEqual([1, 2]);
    first.attempt.ended(false);
    expect(send(asked).port).toBe(first.port);
  });

  it("leasttime: goes to each once, then to the fastest", () => {
    const { choose, clock } = start();
    const asked = choose(service({ strategy: "leasttime" }), { endpoints: ready(1, 2, 3) });
    const seen = [30, 10, 20].map((ms) => {
      const { port, attempt } = send(asked);
      clock.now += ms;
      attempt.answered(200);
      attempt.ended(false);
      return { port, ms };
    });
    expect(seen.map(({ port }) => port).toSorted()).toEqual([1, 2, 3]);
    expect(send(asked).port).toBe(seen.find(({ ms }) => ms === 10)?.port);
  });

  it("drr: goes less often to one that fails, and as often again when it is well", () => {
    const { choose, clock } = start();
    const asked = choose(service({ strategy: "drr" }), { endpoints: ready(1, 2) });
    const round = (count: number, statusOf: (port: number) => number): number =>
      Array.from({ length: count }, () => {
        const { port, attempt } = send(asked);
        attempt.answered(statusOf(port));
        attempt.ended(false);
        return port;
      }).filter((port) => port === 1).length;
    expect(round(20, () => 200)).toBe(10);
    expect(round(40, (port) => (port === 1 ? 500 : 200))).toBeLessThan(8);
    clock.now += 120_000;
    expect(round(40, () => 200)).toBeGreaterThanOrEqual(18);
  });

  it("drr: a new endpoint begins with few requests", () => {
    const { choose, clock } = start();
    const drr = service({ strategy: "drr" });
    send(choose(drr, { endpoints: ready(1) }));
    const both: Endpoints = { endpoints: ready(1, 2) };
    const share = (): number =>
      Array.from({ length: 17 }, () => send(choose(drr, both)).port).filter((port) => port === 2).length;
    expect(share()).toBe(1);
    clock.now += 30_000;
    expect(share()).toBeGreaterThanOrEqual(8);
  });

  it("what is known goes with the endpoint", () => {
    const { choose, choices, clock } = start();
    const drr = service({ strategy: "drr" });
    const both: Endpoints = { endpoints: ready(1, 2) };
    send(choose(drr, both));
    choices.retain(new Set(["127.0.0.1:1"]));
    choices.retain(new Set());
    clock.now += 1;
    const ports = Array.from({ length: 4 }, () => send(choose(drr, { ...both })).port);
    expect(ports.toSorted()).toEqual([1, 1, 2, 2]);
  });
});
