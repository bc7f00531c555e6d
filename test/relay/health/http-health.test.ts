import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpHealth } from "../../../relay/health/http-health.ts";
import type { HttpProbe } from "../../../relay/health/probe-http.ts";
import { ProbeSchedule } from "../../../relay/health/probe-schedule.ts";
import type { LoadBalancer } from "../../../src/table/service.ts";
import { ready, type ServiceSpec, tableOf, terminating } from "../gateway-harness.ts";
import { healthCheck } from "./health-harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const portOf = ({ target }: HttpProbe): number => Number(target.authority.split(":")[1]);
const target = (port: number) => ({ authority: `127.0.0.1:${port}` });

function start() {
  const broken = new Set<number>();
  const probes: HttpProbe[] = [];
  const schedule = new ProbeSchedule<HttpProbe>({
    async probe(probe) {
      probes.push(probe);
      if (broken.has(portOf(probe))) throw new Error("refused");
    },
    random: () => 0.5,
    log: () => {},
  });
  const health = new HttpHealth(schedule);
  return { health, broken, probed: () => probes.splice(0).map(portOf), probes };
}

const table = (services: Record<string, ServiceSpec>) => tableOf(services);
const find = (tabled: ReturnType<typeof table>, name: string): LoadBalancer => tabled.services[name] as LoadBalancer;

describe("the health of HTTP services", () => {
  it("is asked of those that want it, of endpoints that get new sessions, and known by service", async () => {
    const { health, broken, probed } = start();
    broken.add(1);
    const now = table({
      app: { endpoints: [...ready(1, 2), ...terminating(3)], healthCheck: healthCheck() },
      other: { endpoints: ready(1) },
    });
    health.take(now);
    expect(health.isDown(find(now, "app"), target(1))).toBe(false);
    await pass(1_000);
    expect(probed().toSorted()).toEqual([1, 2]);
    const isDown = (name: string, port: number): boolean => health.isDown(find(now, name), target(port));
    expect([isDown("app", 1), isDown("app", 2), isDown("app", 3), isDown("other", 1)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(health.stats()).toEqual({
      endpoints: [
        { service: "app", endpoint: "127.0.0.1:1", isUp: false },
        { service: "app", endpoint: "127.0.0.1:2", isUp: true },
      ],
      probes: [{ service: "app", passed: 1, failed: 1 }],
    });
  });

  it("is asked once for all load balancers that ask for the same of the same endpoints", async () => {
    const { health, probed } = start();
    const tabled = table({ app: { endpoints: ready(1), healthCheck: healthCheck() } });
    const app = find(tabled, "app");
    const services = { ...tabled.services, again: { ...app, passHostHeader: false } };
    const other = { ...app, healthCheck: healthCheck({ path: "/other" }) };
    health.take({ ...tabled, services });
    await pass(1_000);
    expect(probed()).toEqual([1]);
    health.take({ ...tabled, services: { ...services, other } });
    await pass(1_000);
    expect(probed()).toEqual([1]);
    expect(health.stats().endpoints).toHaveLength(1);
    expect(health.stats().probes).toEqual([{ service: "app", passed: 2, failed: 0 }]);
  });

  it("outlives a table that was read anew, and ends with the endpoint", async () => {
    const { health, broken, probed } = start();
    broken.add(1);
    const make = (...ports: number[]) => table({ app: { endpoints: ready(...ports), healthCheck: healthCheck() } });
    health.take(make(1, 2));
    await pass(1_000);
    probed();
    const next = make(1, 2);
    health.take(next);
    expect(health.isDown(find(next, "app"), target(1))).toBe(true);
    await pass(1_000);
    expect(probed()).toEqual([]);
    health.take(make(2));
    expect(health.stats().endpoints).toEqual([{ service: "app", endpoint: "127.0.0.1:2", isUp: true }]);
  });

  it("is asked more or less often where it does not pass", async () => {
    const { health, broken, probed } = start();
    broken.add(1);
    const check = healthCheck({ intervalMs: 10_000, unhealthyIntervalMs: 1_000 });
    health.take(table({ app: { endpoints: ready(1, 2), healthCheck: check } }));
    await pass(5_600);
    expect(probed().toSorted()).toEqual([1, 1, 1, 1, 1, 1, 2]);
  });

  it("can be taken from an endpoint between two probes, of which the next comes as for one that is down", async () => {
    const { health, probed } = start();
    const check = healthCheck({ intervalMs: 60_000, unhealthyIntervalMs: 1_000 });
    const now = table({ app: { endpoints: ready(1), healthCheck: check } });
    health.take(now);
    await pass(1_000);
    probed();
    health.takeDown(find(now, "app"), target(1));
    health.takeDown(find(now, "app"), target(9));
    expect(health.isDown(find(now, "app"), target(1))).toBe(true);
    await pass(1_000);
    expect(probed()).toEqual([1]);
    expect(health.isDown(find(now, "app"), target(1))).toBe(false);
  });

  it("is no longer asked at the end", async () => {
    const { health, probed } = start();
    health.take(table({ app: { endpoints: ready(1), healthCheck: healthCheck() } }));
    health.close();
    await pass(60_000);
    expect(probed()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
