import { describe, expect, it } from "vitest";
import { createDialFailures } from "../../../relay/origin-gateway/dial-failures.ts";
import { type ChoiceState, chooseTargets } from "../../../relay/tcp/choose-targets.ts";
import { createBalanceState } from "../../../src/balance/balance-state.ts";
import { emptyTable } from "../../../src/table/empty-table.ts";
import type { TcpService } from "../../../src/table/tcp.ts";

const healthCheck = { intervalMs: 1_000, timeoutMs: 1_000 };
const probed = (endpoints: string): TcpService => ({ type: "loadBalancer", endpoints, healthCheck });
const at = (...ports: number[]) => ({
  endpoints: ports.map((port) => ({ address: "10.0.0.1", port, state: "ready" as const })),
});

const table = {
  ...emptyTable(),
  tcpServices: {
    blue: probed("blue"),
    green: probed("green"),
    plain: { type: "loadBalancer", endpoints: "green" },
    split: {
      type: "weighted",
      children: [
        { service: "blue", weight: 3 },
        { service: "green", weight: 1 },
        { service: "never", weight: 0 },
      ],
    },
    nothing: { type: "weighted", children: [] },
    partly: {
      type: "weighted",
      children: [
        { service: "blue", weight: 1 },
        { service: "nothing", weight: 3 },
      ],
    },
    outer: { type: "weighted", children: [{ service: "split", weight: 1 }] },
    least: { type: "loadBalancer", endpoints: "blue", healthCheck, strategy: "leastconn" },
  } satisfies Record<string, TcpService>,
  relayEndpoints: { blue: at(1, 2), green: at(3) },
};

/** @param down `service port` of endpoints that do not pass */
function stateOf(...down: string[]): ChoiceState {
  const isDown = (service: string, authority: string): boolean =>
    down.includes(`${service} ${authority.slice(authority.lastIndexOf(":") + 1)}`);
  return {
    balance: createBalanceState({ random: () => 0 }),
    failures: createDialFailures(() => 0),
    connections: new Map(),
    random: () => 0,
    health: { isEmpty: down.length === 0, isDown },
  };
}

/** The ports of the targets in the order in which each of so many connections tries them. */
function orders(name: string, state: ChoiceState, count = 8): number[][] {
  return Array.from({ length: count }, () => {
    const choice = chooseTargets(name, table, "192.0.2.1", state);
    return [...(choice?.targets ?? [])].map(({ authority }) => Number(authority.split(":")[1]));
  });
}
const firsts = (name: string, state: ChoiceState): number[] => orders(name, state).map(([first = 0]) => first);

it("clients are spread evenly over endpoints whose addresses are nearly the same", () => {
  const services = { tcpServices: { db: { type: "loadBalancer", endpoints: "db", strategy: "clientIp" } as const } };
  const many = { ...table, ...services, relayEndpoints: { db: at(40_001, 40_002, 40_003) } };
  const clients = Array.from({ length: 3_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const counts = new Map<string | undefined, number>();
  for (const client of clients) {
    const [first] = chooseTargets("db", many, client, stateOf())?.targets ?? [];
    counts.set(first?.authority, (counts.get(first?.authority) ?? 0) + 1);
  }
  expect(counts.size).toBe(3);
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(100);
});

describe("endpoints that do not pass their health checks", () => {
  it("are tried last", () => {
    expect(orders("blue", stateOf("blue 1"), 4)).toEqual([
      [2, 1],
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
    expect(new Set(firsts("least", stateOf("least 1")))).toEqual(new Set([2]));
  });

  it("are all tried when none passes", () => {
    expect(new Set(firsts("blue", stateOf("blue 1", "blue 2")))).toEqual(new Set([1, 2]));
    expect(orders("blue", stateOf("blue 1", "blue 2"), 1)[0]).toHaveLength(2);
  });

  it("say nothing of a service that does not probe them", () => {
    expect(firsts("plain", stateOf("green 3"))).toEqual(Array(8).fill(3));
  });
});

describe("weighted services", () => {
  it.each(["split", "outer"])("leave out a child none of whose endpoints passes: %s", (name) => {
    expect(firsts(name, stateOf()).filter((port) => port === 3)).toHaveLength(2);
    expect(new Set(firsts(name, stateOf("green 3")))).toEqual(new Set([1, 2]));
    expect(new Set(firsts(name, stateOf("blue 1", "blue 2")))).toEqual(new Set([3]));
    expect(firsts(name, stateOf("blue 1")).filter((port) => port === 3)).toHaveLength(2);
  });

  it("refuse the share of a child that stands for what cannot be had, and no more of it when nobody passes", () => {
    const served = (...down: string[]) => firsts("partly", stateOf(...down)).filter((port) => port !== 0);
    expect(served()).toHaveLength(2);
    expect(served("blue 1", "blue 2")).toHaveLength(2);
  });

  it("go by their weights when nobody passes", () => {
    expect(firsts("split", stateOf("green 3", "blue 1", "blue 2")).filter((port) => port === 3)).toHaveLength(2);
  });
});
