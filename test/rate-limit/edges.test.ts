import { afterEach, expect, it } from "vitest";
import { type Edges, type EdgesOptions, startEdges } from "./start-edges.ts";

// The built Worker in workerd: isolates that share nothing but the Durable Objects.

const running: Edges[] = [];
afterEach(async () => {
  for (const edges of running.splice(0)) await edges.close();
});

async function start(options: EdgesOptions): Promise<Edges> {
  const edges = await startEdges(options);
  running.push(edges);
  return edges;
}

const HOUR = 3_600_000;

/** Statuses of requests that are all sent at once, to the isolates in turn. */
const flood = (edges: Edges, count: number, limit: string, client?: string): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => edges.ask(index, limit, client)));

const count = (statuses: readonly number[], status: number): number => statuses.filter((one) => one === status).length;

let clients = 0;

/** Until every question was answered in time, each try by another client: a busy machine may take longer. */
async function whenAllAnswered(edges: Edges, check: (client: string) => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= 20; attempt++) {
    const before = await edges.unanswered();
    const failure = await check(`192.0.2.${clients++}`).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if ((await edges.unanswered()) > before) continue;
    if (failure) throw failure.error;
    return;
  }
  throw new Error("the limiter never answered in time");
}

it("never lets more pass than the limit, over all isolates", async () => {
  const edges = await start({
    count: 3,
    limiter: "RateLimiter",
    limits: {
      one: { average: 1, periodMs: HOUR, burst: 1 },
      many: { average: 1, periodMs: HOUR, burst: 60 },
      none: { average: 0, periodMs: 1000, burst: 1 },
      fast: { average: 50, periodMs: 1000, burst: 40 },
    },
  });
  await whenAllAnswered(edges, async (client) => {
    const statuses = await flood(edges, 30, "one", client);
    expect([count(statuses, 200), count(statuses, 429)]).toEqual([1, 29]);
  });
  await whenAllAnswered(edges, async (client) => {
    const statuses = [...(await flood(edges, 150, "many", client)), ...(await flood(edges, 150, "many", client))];
    expect(count(statuses, 200) + count(statuses, 429)).toBe(300);
    // Where nothing comes back there is no slack: what was given ahead is taken out of the burst.
    expect(count(statuses, 200)).toBeLessThanOrEqual(60);
    // Above its half a bucket may lose what was given ahead and not used.
    expect(count(statuses, 200)).toBeGreaterThanOrEqual(30);
  });
  await whenAllAnswered(edges, async (client) => {
    expect(count(await flood(edges, 30, "many", client), 200)).toBe(30);
  });
  await whenAllAnswered(edges, async (client) => {
    const began = performance.now();
    const statuses: number[] = [];
    for (let round = 0; round < 5; round++) statuses.push(...(await flood(edges, 60, "fast", client)));
    const slack = 40 / 4;
    expect(count(statuses, 200)).toBeLessThanOrEqual(40 + slack + (50 * (performance.now() - began)) / 1000);
    expect(count(statuses, 429)).toBeGreaterThan(0);
  });
  expect(count(await flood(edges, 60, "none"), 200)).toBe(60);
});

it.each(["Throwing", "Hanging", undefined] as const)(
  "with %s as limiter each isolate counts by itself",
  async (limiter) => {
    const edges = await start({
      count: 2,
      ...(limiter && { limiter }),
      limits: { few: { average: 1, periodMs: HOUR, burst: 4 } },
    });
    const statuses = await flood(edges, 40, "few");
    expect([count(statuses, 200), count(statuses, 429)]).toEqual([8, 32]);
    expect(count(await flood(edges, 4, "few"), 429)).toBe(4);
    if (limiter === undefined) expect(await edges.unanswered()).toBe(0);
    else expect(await edges.unanswered()).toBeGreaterThan(0);
  },
);
