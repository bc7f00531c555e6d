import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createProcessLimits } from "../../src/rate-limit/process-limits.ts";
import type { RateLimits } from "../../src/rate-limit/rate-limits.ts";
import { compileLimit, type Limit, leaseMs } from "../../src/rate-limit/token-bucket.ts";
import { Simulation } from "./simulation.ts";

const limitOf = (average: number, periodMs: number, burst: number): Limit => {
  const limit = compileLimit({ average, periodMs, burst });
  if (limit === undefined) throw new Error("no limit");
  return limit;
};

const perHour = (burst: number): Limit => limitOf(1, 3_600_000, burst);

const limits: fc.Arbitrary<Limit> = fc
  .record({
    average: fc.integer({ min: 1, max: 300 }),
    periodMs: fc.constantFrom(1000, 10_000, 60_000),
    burst: fc.integer({ min: 1, max: 200 }),
  })
  .map(({ average, periodMs, burst }) => limitOf(average, periodMs, burst));

/** Passes of one source through many isolates: when each passed, in the order of time. */
async function passesOf(
  simulation: Simulation,
  isolates: readonly RateLimits[],
  limit: Limit,
  requests: readonly { at: number; isolate: number }[],
): Promise<number[]> {
  const passes: number[] = [];
  for (const { at, isolate } of requests) {
    simulation.startTimer(() => {
      const admitted = isolates[isolate % isolates.length]?.admit("m", limit, "a");
      void Promise.resolve(admitted).then((retryMs) => {
        if (retryMs === 0) passes.push(simulation.now);
      });
    }, at);
  }
  await simulation.run();
  return passes.sort((a, b) => a - b);
}

/** The most by which passes exceed what comes back, in any time that begins with one of them and ends with one. */
function mostAhead(passes: readonly number[], limit: Limit): number {
  let most = 0;
  for (const [first, from] of passes.entries()) {
    for (let last = first; last < passes.length; last++) {
      const until = passes[last] ?? from;
      most = Math.max(most, last - first + 1 - (until - from) * limit.ratePerMs);
    }
  }
  return most;
}

describe("over many isolates", () => {
  const isolateIndex = fc.integer({ min: 0, max: 7 });
  const scattered = fc.array(fc.record({ at: fc.integer({ min: 0, max: 3000 }), isolate: isolateIndex }), {
    minLength: 50,
    maxLength: 300,
  });
  /** Tokens are given ahead, lie unused while the bucket fills up, and meet the next burst. */
  const inBursts = fc
    .array(
      fc.record({
        pauseMs: fc.integer({ min: 0, max: 1500 }),
        isolates: fc.array(isolateIndex, { minLength: 1, maxLength: 100 }),
      }),
      { minLength: 2, maxLength: 8 },
    )
    .map((bursts) => {
      let at = 0;
      return bursts.flatMap(({ pauseMs, isolates }) => {
        at += pauseMs;
        return isolates.map((isolate) => ({ at, isolate }));
      });
    });
  const requests = fc.oneof(scattered, inBursts);

  it("never lets more pass than the limit and the stated slack", async () => {
    await fc.assert(
      fc.asyncProperty(
        limits,
        requests,
        fc.infiniteStream(fc.integer({ min: 0, max: 200 })),
        async (limit, sent, ms) => {
          const simulation = new Simulation();
          simulation.latencyMs = () => ms.next().value ?? 0;
          const isolates = Array.from({ length: 8 }, () => simulation.isolate());
          const passes = await passesOf(simulation, isolates, limit, sent);
          expect(simulation.counts["rate-limiter-unavailable"]).toBeUndefined();
          // What was counted passes at most so much later.
          const lateMs = Math.max(leaseMs(limit), 200);
          expect(mostAhead(passes, limit)).toBeLessThanOrEqual(limit.burst + lateMs * limit.ratePerMs + 1e-6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("slack is at most a quarter of the burst where answers take no time", async () => {
    await fc.assert(
      fc.asyncProperty(limits, requests, async (limit, sent) => {
        const simulation = new Simulation();
        const isolates = Array.from({ length: 8 }, () => simulation.isolate());
        const passes = await passesOf(simulation, isolates, limit, sent);
        expect(mostAhead(passes, limit)).toBeLessThanOrEqual(limit.burst * 1.25 + 1e-6);
      }),
      { numRuns: 60 },
    );
  });

  it("uses up a limit that nobody gets back", async () => {
    const simulation = new Simulation();
    const isolates = Array.from({ length: 4 }, () => simulation.isolate());
    const sent = Array.from({ length: 2000 }, (_, index) => ({ at: index / 4, isolate: index }));
    const passes = await passesOf(simulation, isolates, perHour(100), sent);
    expect(passes).toHaveLength(100);
  });

  it("refuses nobody who needs half of the limit, though tokens given ahead are lost", async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.infiniteStream(fc.integer({ min: 0, max: 7 })), async (limit, choice) => {
        const simulation = new Simulation();
        const isolates = Array.from({ length: 8 }, () => simulation.isolate());
        const stepMs = 2 / limit.ratePerMs;
        const sent = Array.from({ length: 150 }, (_, i) => ({ at: i * stepMs, isolate: choice.next().value ?? 0 }));
        expect(await passesOf(simulation, isolates, limit, sent)).toHaveLength(sent.length);
      }),
      { numRuns: 60 },
    );
  });

  it("loses little of a burst through many isolates to what it was given ahead", async () => {
    const simulation = new Simulation();
    const isolates = Array.from({ length: 9 }, () => simulation.isolate());
    const sent = Array.from({ length: 90 }, (_, index) => ({ at: 0, isolate: index }));
    expect(await passesOf(simulation, isolates, perHour(100), sent)).toHaveLength(90);
  });

  it.each([
    [100, 100],
    [1000, 1000],
    [100, 5],
  ])(
    "a flood does not reach who counts, and gets what the limit says: %d a second, %d at once",
    async (average, burst) => {
      const simulation = new Simulation();
      simulation.latencyMs = () => 10;
      const isolates = Array.from({ length: 50 }, () => simulation.isolate());
      const limit = limitOf(average, 1000, burst);
      const sent = Array.from({ length: 6000 }, (_, index) => ({ at: index / 2, isolate: (index * 7919) % 53 }));
      const passes = await passesOf(simulation, isolates, limit, sent);
      expect(passes.length).toBeLessThanOrEqual(burst * 1.25 + 3.02 * average);
      expect(passes.length).toBeGreaterThanOrEqual(0.8 * (burst + 3 * average));
      expect(simulation.asked).toBeLessThan(sent.length / 5);
    },
  );

  it("asks seldom where there is plenty, and once where there is nothing", async () => {
    const simulation = new Simulation();
    const isolate = simulation.isolate();
    const plenty = Array.from({ length: 500 }, (_, index) => ({ at: index * 10, isolate: 0 }));
    expect(await passesOf(simulation, [isolate], limitOf(1000, 1000, 1000), plenty)).toHaveLength(500);
    expect(simulation.asked).toBeLessThan(60);

    const poor = new Simulation();
    const others = [poor.isolate(), poor.isolate()];
    const flood = Array.from({ length: 500 }, (_, index) => ({ at: 0, isolate: index }));
    expect(await passesOf(poor, others, perHour(1), flood)).toHaveLength(1);
    expect(poor.asked).toBe(2);
  });
});

describe("who is early waits", () => {
  it("for half a token, and is refused above", async () => {
    const simulation = new Simulation();
    const isolate = simulation.isolate();
    const limit = limitOf(10, 1000, 1);
    const passes = await passesOf(
      simulation,
      [isolate],
      limit,
      [0, 40, 60, 120].map((at) => ({ at, isolate: 0 })),
    );
    expect(passes.map(Math.round)).toEqual([0, 100]);
  });

  it.each(["with", "without"])("%s others, a refusal says when a token is there", async (others) => {
    const simulation = new Simulation();
    const isolate = simulation.isolate(others === "with" ? {} : { ask: undefined });
    const limit = limitOf(1, 60_000, 1);
    expect(await isolate.admit("m", limit, "a")).toBe(0);
    expect(await isolate.admit("m", limit, "a")).toBeCloseTo(60_000);
    simulation.now = 20_000;
    expect(await isolate.admit("m", limit, "a")).toBeCloseTo(40_000);
    simulation.now = 60_000;
    expect(await isolate.admit("m", limit, "a")).toBe(0);
    expect(simulation.counts).toEqual({ "rate-limited": 2 });
  });
});

it("who was refused for the sake of others is not refused for longer", async () => {
  const simulation = new Simulation();
  const [one, other] = [simulation.isolate(), simulation.isolate()];
  const limit = limitOf(1, 10_000, 1);
  expect(await one.admit("m", limit, "a")).toBe(0);
  simulation.now = 4000;
  expect(await other.admit("m", limit, "a")).toBeCloseTo(6000);
  simulation.now = 10_000;
  expect(await other.admit("m", limit, "a")).toBe(0);
});

describe("when nobody answers", () => {
  it.each(["throw", "hang"] as const)(
    "%s: each isolate counts by itself, says so, and asks again after a while",
    async (fate) => {
      const simulation = new Simulation();
      simulation.fate = () => fate;
      const isolates = [simulation.isolate(), simulation.isolate()];
      const sent = Array.from({ length: 100 }, (_, index) => ({ at: index, isolate: index }));
      const passes = await passesOf(simulation, isolates, perHour(10), sent);
      expect(passes).toHaveLength(20);
      expect(simulation.reports).toMatchObject([{ event: "rate-limiter-unavailable", middleware: "m" }, {}]);
      expect(simulation.counts["rate-limiter-unavailable"]).toBeGreaterThan(0);
      expect(simulation.counts["rate-limited"]).toBe(80);

      simulation.fate = () => "answer";
      const before = simulation.asked;
      simulation.now += 2000;
      const limit = limitOf(1000, 1000, 1000);
      await passesOf(simulation, isolates, limit, [{ at: 0, isolate: 0 }]);
      expect(simulation.asked).toBe(before + 1);
    },
  );

  it("only one request at a time waits to learn whether somebody does again", async () => {
    const simulation = new Simulation();
    simulation.fate = () => "hang";
    const isolate = simulation.isolate();
    const limit = limitOf(1000, 1000, 1000);
    expect(await passesOf(simulation, [isolate], limit, [{ at: 0, isolate: 0 }])).toEqual([500]);
    const late = await passesOf(
      simulation,
      [isolate],
      limit,
      Array.from({ length: 50 }, (_, index) => ({ at: 1100 + index, isolate: 0 })),
    );
    expect(late.filter((at) => at > 1700)).toHaveLength(1);
    expect(simulation.asked).toBe(2);
  });

  it("an answer that is late is not waited for, nor taken for a sign of health", async () => {
    const simulation = new Simulation();
    simulation.latencyMs = () => 400;
    const isolate = simulation.isolate();
    const sent = Array.from({ length: 30 }, (_, index) => ({ at: index * 100, isolate: 0 }));
    const passes = await passesOf(simulation, [isolate], limitOf(100, 1000, 100), sent);
    expect(passes).toHaveLength(30);
    expect(simulation.asked).toBeLessThanOrEqual(8);
    expect(Math.max(...passes.map((at, index) => at - (sent[index]?.at ?? 0)))).toBeLessThanOrEqual(500);
  });
});

describe("sources", () => {
  const limit = perHour(1);

  it.each([
    ["empty", "", " "],
    ["with line ends", "a\nb", "a"],
    ["of another middleware's name", "m\na", "a"],
    ["long, that differ at the end", `${"x".repeat(100_000)}1`, `${"x".repeat(100_000)}2`],
    ["named as properties", "__proto__", "constructor"],
  ])("%s are counted apart", async (_, one, other) => {
    const isolate = new Simulation().isolate();
    expect(await isolate.admit("m", limit, one)).toBe(0);
    expect(await isolate.admit("m", limit, one)).toBeGreaterThan(0);
    expect(await isolate.admit("m", limit, other)).toBe(0);
  });

  it("of two middlewares are counted apart", async () => {
    const isolate = new Simulation().isolate();
    expect([await isolate.admit("m", limit, "a"), await isolate.admit("n", limit, "a")]).toEqual([0, 0]);
  });

  it("a flood of them does not make an isolate forget what all count", async () => {
    const simulation = new Simulation();
    const isolate = simulation.isolate({ maxSources: 10 });
    expect(await isolate.admit("m", limit, "a")).toBe(0);
    for (let i = 0; i < 100; i++) await isolate.admit("m", limit, `flood ${i}`);
    expect(await isolate.admit("m", limit, "a")).toBeGreaterThan(0);
  });
});

it("a process counts by itself, by real timers", async () => {
  const process = createProcessLimits(Date.now);
  const limit = limitOf(1000, 1000, 1);
  expect(await process.admit("m", limit, "a")).toBe(0);
  expect(await process.admit("m", perHour(1), "b")).toBe(0);
  expect(await process.admit("m", perHour(1), "b")).toBeGreaterThan(0);
});
