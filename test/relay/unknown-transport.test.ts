import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpHealth } from "../../relay/health/http-health.ts";
import type { HttpProbe } from "../../relay/health/probe-http.ts";
import { ProbeSchedule } from "../../relay/health/probe-schedule.ts";
import { FAILURE_HEADER, POINTER_HEADER } from "../../src/hop/hop.ts";
import type { ServersTransport } from "../../src/table/service.ts";
import { closeAll, ready, send, startGateway, startPod, tableOf } from "./gateway-harness.ts";
import { healthCheck } from "./health/health-harness.ts";

const unknown: [string, string, Record<string, ServersTransport>][] = [
  ["that the table does not have", "spiffe", {}],
  ["by a name of every object", "constructor", {}],
  ["that could not be read", "spiffe", { spiffe: { closedBy: "newer-table" } }],
];

describe("a service with a transport", () => {
  afterEach(closeAll);

  it.each(unknown)("%s is not served without it, and says so once", async (_, name, transports) => {
    let reached = 0;
    const pod = await startPod((_, response) => {
      reached++;
      response.end("reached");
    });
    const services = { app: { endpoints: ready(pod), serversTransport: name }, plain: { endpoints: ready(pod) } };
    const logs: unknown[] = [];
    const gateway = await startGateway(tableOf(services, 8, transports), {
      log: (message, reason) => logs.push(`${message}: ${reason}`),
    });
    for (let times = 1; times <= 3; times++) {
      const answer = await send(gateway, "app");
      expect(answer).toMatchObject({ status: 502, text: "Bad Gateway" });
      expect(answer.headers[FAILURE_HEADER]).toBe("unreachable");
      expect(answer.headers[POINTER_HEADER]).toBe("1.8.abc.home");
      expect(gateway.stats().refused["unknown-transport"]).toBe(times);
    }
    expect([reached, gateway.stats().pools]).toEqual([0, 0]);
    expect(logs).toEqual([
      `nothing is sent to the endpoints of app: their ServersTransport ${name} is not in the table, or could not be read`,
    ]);
    expect((await send(gateway, "plain")).text).toBe("reached");

    gateway.setTable(tableOf(services, 9, { [name]: {} }));
    expect((await send(gateway, "app")).text).toBe("reached");
    gateway.setTable(tableOf(services, 10, transports));
    expect((await send(gateway, "app")).status).toBe(502);
    expect(reached).toBe(2);
  });
});

describe("a health check", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each(unknown)("is not made by a transport %s", async (_, name, transports) => {
    const probed: HttpProbe[] = [];
    const health = new HttpHealth(
      new ProbeSchedule<HttpProbe>({ probe: async (probe) => void probed.push(probe), random: () => 0, log: () => {} }),
    );
    const app = { endpoints: ready(1), serversTransport: name, healthCheck: healthCheck() };
    health.take(tableOf({ app }, 7, transports));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(probed).toEqual([]);
    health.take(tableOf({ app }, 7, { [name]: { serverName: "a" } }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(probed[0]?.transport).toEqual({ serverName: "a" });
    health.close();
  });
});
