import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HealthChecks } from "../../../relay/streams/health-checks.ts";
import type { Probe } from "../../../relay/streams/probe-endpoint.ts";
import type { Table } from "../../../src/table/table.ts";
import type { TcpLoadBalancer } from "../../../src/table/tcp.ts";
import { service } from "../tcp/tcp-harness.ts";
import { tableOf } from "./streams-harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const healthCheck = { intervalMs: 10_000, timeoutMs: 1_000 };
const table = (ports: number[], options: Partial<TcpLoadBalancer> = { healthCheck }): Table =>
  tableOf(service("db", ports, options));

/** Endpoints by port, each of which passes unless it is in `broken`. */
function startChecks() {
  const broken = new Set<number>();
  const probes: Probe[] = [];
  const logs: string[] = [];
  const checks = new HealthChecks({
    async probe(probe) {
      probes.push(probe);
      if (broken.has(Number(probe.target.authority.split(":")[1]))) throw new Error("refused");
    },
    random: () => 0.5,
    log: (level, message) => logs.push(`${level} ${message}`),
  });
  const down = (): string[] => [...checks.list()].filter(({ isUp }) => !isUp).map(({ endpoint }) => endpoint);
  const probed = (): number[] => probes.splice(0).map(({ target }) => Number(target.authority.split(":")[1]));
  return { broken, probes, probed, logs, checks, down };
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("health checks", () => {
  it("take an endpoint down with the first probe that fails, and up with the first that passes", async () => {
    const { broken, checks, down, logs } = startChecks();
    checks.take(table([1, 2]));
    expect(checks.isEmpty).toBe(true);
    broken.add(1);
    await pass(1_000);
    expect(down()).toEqual(["127.0.0.1:1"]);
    expect([checks.isDown("db", "127.0.0.1:1"), checks.isDown("db", "127.0.0.1:2")]).toEqual([true, false]);
    expect(checks.isDown("other", "127.0.0.1:1")).toBe(false);
    broken.clear();
    await pass(10_000);
    expect(down()).toEqual([]);
    expect(checks.isEmpty).toBe(true);
    expect(logs).toEqual([
      "warn an endpoint does not pass its health check",
      "info an endpoint passes its health check again",
    ]);
    expect(checks.results().get("db")).toEqual({ passed: 3, failed: 1 });
  });

  it("come every interval, and only for services that ask", async () => {
    const { checks, probed } = startChecks();
    checks.take(tableOf(service("quiet", [9]), {}));
    await pass(60_000);
    expect(probed()).toEqual([]);
    checks.take(table([1]));
    await pass(30_600);
    expect(probed()).toEqual([1, 1, 1, 1]);
  });

  it("follow the table: what is known of an endpoint stays, what is gone is no longer probed", async () => {
    const { broken, checks, down, probed } = startChecks();
    broken.add(1);
    checks.take(table([1, 2]));
    await pass(1_000);
    probed();
    checks.take(table([1, 3]));
    expect(down()).toEqual(["127.0.0.1:1"]);
    await pass(1_000);
    expect(probed()).toEqual([3]);
    checks.take(table([3]));
    expect(checks.isEmpty).toBe(true);
    await pass(10_000);
    expect(probed()).toEqual([3]);
    checks.take(table([3], {}));
    expect([...checks.list()]).toEqual([]);
    expect(checks.results().size).toBe(0);
  });

  it("probe at once in the new way when it changes, and keep to their time when nothing does", async () => {
    const { checks, probed, probes } = startChecks();
    checks.take(table([1]));
    await pass(1_000);
    probed();
    for (let i = 0; i < 20; i++) {
      checks.take(table([1]));
      await pass(100);
    }
    expect(probed()).toEqual([]);
    checks.take(table([1], { healthCheck: { ...healthCheck, send: "PING" } }));
    await pass(1_000);
    expect(probes.map((probe) => probe.healthCheck.send)).toEqual(["PING"]);
  });

  it("forget a probe's end when the endpoint is gone meanwhile", async () => {
    const { promise, reject } = Promise.withResolvers<void>();
    const checks = new HealthChecks({ probe: () => promise, random: () => 0, log: () => {} });
    checks.take(table([1]));
    await pass(0);
    checks.take(table([]));
    reject(new Error("late"));
    await pass(60_000);
    expect([...checks.list()]).toEqual([]);
    expect(checks.isEmpty).toBe(true);
  });

  it("are never more than some at one time", async () => {
    const ends: (() => void)[] = [];
    let most = 0;
    let now = 0;
    const checks = new HealthChecks({
      probe: () =>
        new Promise((resolve) => {
          most = Math.max(most, ++now);
          ends.push(() => {
            now -= 1;
            resolve();
          });
        }),
      random: () => 0,
      log: () => {},
    });
    checks.take(table(Array.from({ length: 500 }, (_, port) => port + 1)));
    await pass(0);
    for (let done = 0; done < 500; done++) {
      ends.shift()?.();
      await pass(0);
    }
    expect(most).toBe(64);
    expect(checks.results().get("db")?.passed).toBe(500);
  });

  it("end", async () => {
    const { checks, probed } = startChecks();
    checks.take(table([1]));
    checks.close();
    checks.take(table([2]));
    await pass(60_000);
    expect(probed()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
