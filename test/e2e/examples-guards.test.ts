import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type RunningExample, runExample } from "./run-example.ts";
import { servedBy } from "./send.ts";

/** Lets both Pods of a service answer `/health` so, by a route that changes nothing. */
async function setHealth(ask: RunningExample["ask"], status: number, pods: number): Promise<void> {
  for (let i = 0; i < pods; i++) await ask("plain.example.com", "/health", { method: "POST", body: String(status) });
}

it("in-flight-req: a customer has two requests on their way, and others as many", async () => {
  const { ask, dev } = await runExample("in-flight-req");
  const open = async (): Promise<WebSocket> => {
    const headers = { Host: "in-flight.example.com", "X-Customer": "acme" };
    const socket = new WebSocket(dev.url("web").replace("http", "ws"), { headers });
    await once(socket, "open");
    return socket;
  };
  const asCustomer = (name: string) => ask("in-flight.example.com", "/", { headers: { "X-Customer": name } });

  const [first, second] = [await open(), await open()];
  for (let i = 0; i < 3; i++)
    expect(await asCustomer("acme")).toMatchObject({ status: 429, body: "Too Many Requests" });
  expect(servedBy(await asCustomer("globex"), ["reports"])).toBe("reports");
  first.close();
  await once(first, "close");
  await expect.poll(async () => (await asCustomer("acme")).status, { timeout: 10_000 }).toBe(200);
  second.close();
  await once(second, "close");
});

describe("retry", () => {
  it("asks the other Pod, and passes on what both say", async () => {
    const { ask } = await runExample("retry");
    const statuses = async (host: string): Promise<number[]> => {
      const seen: number[] = [];
      for (let i = 0; i < 6; i++) seen.push((await ask(host, "/health")).status);
      return seen;
    };
    await setHealth(ask, 503, 1);
    expect(new Set(await statuses("plain.example.com"))).toEqual(new Set([200, 503]));
    expect(new Set(await statuses("retry.example.com"))).toEqual(new Set([200]));
    await setHealth(ask, 502, 2);
    expect(new Set(await statuses("retry.example.com"))).toEqual(new Set([502]));
  });
});

it("circuit-breaker: opens for its route alone when Pods fail", async () => {
  const { ask } = await runExample("circuit-breaker");
  expect((await ask("breaker.example.com")).status).toBe(200);
  await setHealth(ask, 500, 2);
  await expect.poll(async () => (await ask("breaker.example.com", "/health")).status, { timeout: 10_000 }).toBe(503);
  expect(await ask("breaker.example.com")).toMatchObject({ status: 503, body: "Service Unavailable" });
  expect(servedBy(await ask("plain.example.com"), ["app"])).toBe("app");
});
