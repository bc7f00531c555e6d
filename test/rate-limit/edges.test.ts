import { afterAll, beforeAll, expect, it } from "vitest";
import { type Edges, type Group, startEdges } from "./start-edges.ts";

// The built Worker in workerd: isolates that share nothing but the Durable Objects.

const HOUR = 3_600_000;

let edges: Edges;
beforeAll(async () => {
  edges = await startEdges({
    one: { average: 1, periodMs: HOUR, burst: 1 },
    few: { average: 1, periodMs: HOUR, burst: 4 },
    many: { average: 1, periodMs: HOUR, burst: 60 },
    none: { average: 0, periodMs: 1000, burst: 1 },
    fast: { average: 50, periodMs: 1000, burst: 40 },
  });
});
afterAll(() => edges.close());

/** Statuses of requests that are all sent at once, to the isolates of a group in turn. */
const flood = (group: Group, requests: number, limit: string, client: string): Promise<number[]> =>
  Promise.all(Array.from({ length: requests }, (_, index) => edges.ask(group, index, limit, client)));

const count = (statuses: readonly number[], status: number): number => statuses.filter((one) => one === status).length;

let clients = 0;
const newClient = (): string => `client-${clients++}`;

/** Until every question was answered in time, each try by another client: a busy machine may take longer. */
async function whenAllAnswered(check: (client: string) => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= 20; attempt++) {
    const before = await edges.unanswered("RateLimiter");
    const failure = await check(newClient()).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if ((await edges.unanswered("RateLimiter")) > before) continue;
    if (failure) throw failure.error;
    return;
  }
  throw new Error("the limiter never answered in time");
}

it("lets one of many pass that come at once over all isolates", () =>
  whenAllAnswered(async (client) => {
    const statuses = await flood("RateLimiter", 30, "one", client);
    expect([count(statuses, 200), count(statuses, 429)]).toEqual([1, 29]);
  }));

it("has no slack where nothing comes back: what is given ahead is taken out of the burst", () =>
  whenAllAnswered(async (client) => {
    const first = await flood("RateLimiter", 150, "many", client);
    const statuses = [...first, ...(await flood("RateLimiter", 150, "many", client))];
    expect(count(statuses, 200) + count(statuses, 429)).toBe(300);
    expect(count(statuses, 200)).toBeLessThanOrEqual(60);
    // Above its half a bucket may lose what was given ahead and not used.
    expect(count(statuses, 200)).toBeGreaterThanOrEqual(30);
  }));

it("refuses nobody who keeps to half of the burst", () =>
  whenAllAnswered(async (client) => {
    expect(count(await flood("RateLimiter", 30, "many", client), 200)).toBe(30);
  }));

it("lets pass what comes back, with the stated slack", () =>
  whenAllAnswered(async (client) => {
    const began = performance.now();
    const statuses: number[] = [];
    for (let round = 0; round < 5; round++) statuses.push(...(await flood("RateLimiter", 60, "fast", client)));
    const slack = 40 / 4;
    expect(count(statuses, 200)).toBeLessThanOrEqual(40 + slack + (50 * (performance.now() - began)) / 1000);
    expect(count(statuses, 200)).toBeGreaterThanOrEqual(20);
  }));

it("counts each of many sources by itself, wherever its requests come in", () =>
  whenAllAnswered(async (client) => {
    const askAll = (shift: number): Promise<number[]> =>
      Promise.all(
        Array.from({ length: 100 }, (_, index) => edges.ask("RateLimiter", index + shift, "one", `${client}.${index}`)),
      );
    expect(count(await askAll(0), 200)).toBe(100);
    expect(count(await askAll(1), 429)).toBe(100);
  }));

it("does not count where there is no limit", async () => {
  expect(count(await flood("RateLimiter", 60, "none", newClient()), 200)).toBe(60);
});

it.each<Group>(["Throwing", "Hanging", "nobody"])("with %s to count, each isolate does it by itself", async (group) => {
  const client = newClient();
  const statuses = await flood(group, 40, "few", client);
  expect([count(statuses, 200), count(statuses, 429)]).toEqual([8, 32]);
  expect(count(await flood(group, 4, "few", client), 429)).toBe(4);
  if (group === "nobody") expect(await edges.unanswered(group)).toBe(0);
  else expect(await edges.unanswered(group)).toBeGreaterThan(0);
});
