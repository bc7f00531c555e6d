import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Choice } from "../../relay/health/choices.ts";
import { createDialFailures } from "../../relay/origin-gateway/dial-failures.ts";
import { orderTargets } from "../../relay/origin-gateway/order-targets.ts";
import { targetsOf } from "../../relay/origin-gateway/target.ts";
import { createBalanceState } from "../../src/balance/balance-state.ts";
import type { Endpoint, Endpoints } from "../../src/table/service.ts";

const endpoint = (index: number, state: Endpoint["state"] = "ready"): Endpoint => ({
  address: `10.0.0.${index}`,
  port: 80,
  state,
});
const clusterIp = { address: "10.96.0.1", port: 80 };
const balance = () => createBalanceState({ random: () => 0 });

/** Of a load balancer that leaves these out, and takes the first of the others that can serve, or turns. */
const choosing = (unhealthy: readonly string[], candidates: number | undefined): Choice => ({
  mayServe: ({ authority }) => !unhealthy.includes(authority),
  next:
    candidates === undefined
      ? undefined
      : (canServe) => Array.from({ length: candidates }, (_, index) => index).find(canServe),
  begin: () => ({ answered: () => {}, ended: () => {} }),
});

function order(endpoints: Endpoints, down: string[] = [], session?: string, choice?: Choice): string[] {
  const failures = createDialFailures(() => 0);
  for (const authority of down) failures.failed(authority);
  const targets = targetsOf(endpoints);
  const stuckTo = targets.all.find(({ authority }) => authority === session);
  return [...orderTargets(targets, "app", stuckTo, balance(), failures, choice)].map(({ authority }) => authority);
}

describe("the order of targets", () => {
  it.each<[string, Endpoints, string[], string | undefined, string[]]>([
    [
      "the session's first",
      { endpoints: [endpoint(1), endpoint(2)] },
      [],
      "10.0.0.2:80",
      ["10.0.0.2:80", "10.0.0.1:80"],
    ],
    [
      "the session's last when it is down",
      { endpoints: [endpoint(1), endpoint(2)] },
      ["10.0.0.2:80"],
      "10.0.0.2:80",
      ["10.0.0.1:80", "10.0.0.2:80"],
    ],
    [
      "a terminating session's first",
      { endpoints: [endpoint(1), endpoint(2, "terminating")] },
      [],
      "10.0.0.2:80",
      ["10.0.0.2:80", "10.0.0.1:80"],
    ],
    [
      "no terminating one beside a ready one",
      { endpoints: [endpoint(1), endpoint(2, "terminating")] },
      [],
      undefined,
      ["10.0.0.1:80"],
    ],
    ["terminating ones alone", { endpoints: [endpoint(1, "terminating")] }, [], undefined, ["10.0.0.1:80"]],
    [
      "the Service's address behind those that are down",
      { endpoints: [endpoint(1)], clusterIp },
      ["10.0.0.1:80"],
      undefined,
      ["10.0.0.1:80", "10.96.0.1:80"],
    ],
    ["the Service's address alone", { endpoints: [], clusterIp }, [], undefined, ["10.96.0.1:80"]],
    [
      "an address of IPv6",
      { endpoints: [{ address: "2001:db8::1", port: 80, state: "ready" }] },
      [],
      undefined,
      ["[2001:db8::1]:80"],
    ],
    ["nothing", { endpoints: [] }, [], undefined, []],
  ])("is %s", (_, endpoints, down, session, expected) => {
    expect(order(endpoints, down, session)).toEqual(expected);
  });

  it("names each target once, those that are up first, the Service's address last", () => {
    const states = fc.array(fc.record({ isReady: fc.boolean(), isDown: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(states, fc.nat(12), fc.boolean(), (list, session, hasClusterIp) => {
        const endpoints = list.map(({ isReady }, index) => endpoint(index, isReady ? "ready" : "terminating"));
        const down = list.flatMap(({ isDown }, index) => (isDown ? [`10.0.0.${index}:80`] : []));
        const got = order({ endpoints, ...(hasClusterIp && { clusterIp }) }, down, `10.0.0.${session}:80`);
        expect(new Set(got).size).toBe(got.length);
        const last = hasClusterIp ? [`${clusterIp.address}:80`] : [];
        expect(got.slice(got.length - last.length)).toEqual(last);
        const isDown = got.slice(0, got.length - last.length).map((authority) => down.includes(authority));
        expect(isDown).toEqual(isDown.toSorted((a, b) => Number(a) - Number(b)));
        const candidates = list.some(({ isReady }) => isReady) ? list.filter(({ isReady }) => isReady) : list;
        expect(isDown.length).toBeGreaterThanOrEqual(candidates.length);
      }),
    );
  });
});

describe("the order of targets that are chosen", () => {
  const all = { endpoints: [endpoint(1), endpoint(2), endpoint(3)], clusterIp };
  const [one, two, third, last] = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.96.0.1:80"];
  it.each<[string, string[], string[], string | undefined, string[]]>([
    ["as they are chosen, then the Service's address", [], [], undefined, [one, two, third, last]],
    ["the session's first, and no second time", [], [], two, [two, one, third, last]],
    ["the session's last when it is down", [], [two], two, [one, third, two, last]],
    ["not the unhealthy, nor the address that leads to them", [one], [], undefined, [two, third]],
    ["not the session's when it is unhealthy", [two], [], two, [one, third]],
    ["those that are down when no other is healthy", [one], [two, third], undefined, [two, third]],
    ["nothing where none is healthy", [one, two, third], [], one, []],
  ])("is %s", (_, unhealthy, down, session, expected) => {
    expect(order(all, down, session, choosing(unhealthy, 3))).toEqual(expected);
    expect(order(all, down, session, choosing(unhealthy, undefined)).toSorted()).toEqual(expected.toSorted());
  });
});

describe("dial failures", () => {
  it("double their pause up to ten seconds, and end with an answer", () => {
    let time = 0;
    const failures = createDialFailures(() => time);
    for (const pause of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      failures.failed("a");
      failures.failed("a");
      time += pause - 1;
      expect(failures.isDown("a")).toBe(true);
      time += 1;
      expect(failures.isDown("a")).toBe(false);
    }
    failures.answered("a");
    failures.failed("a");
    time += 1_000;
    expect(failures.isDown("a")).toBe(false);
  });

  it("forget the oldest of very many, and those that no table names", () => {
    const failures = createDialFailures(() => 0);
    for (let i = 0; i <= 10_000; i++) failures.failed(`a${i}`);
    expect([failures.isDown("a0"), failures.isDown("a1"), failures.isDown("a10000")]).toEqual([false, true, true]);
    failures.retain(new Set(["a7"]));
    expect([failures.isDown("a1"), failures.isDown("a7")]).toEqual([false, true]);
  });
});
