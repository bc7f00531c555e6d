import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compileLimit,
  fullBucket,
  type Limit,
  type LimitOptions,
  leaseMs,
  returnToken,
  takeToken,
  takeTokens,
  untilFull,
} from "../../src/rate-limit/token-bucket.ts";

const limitOf = (average: number, periodMs: number, burst: number): Limit => {
  const limit = compileLimit({ average, periodMs, burst });
  if (limit === undefined) throw new Error("no limit");
  return limit;
};

const limitOptions: fc.Arbitrary<LimitOptions> = fc.record({
  average: fc.integer({ min: 1, max: 1000 }),
  periodMs: fc.constantFrom(100, 1000, 60_000, 3_600_000),
  burst: fc.integer({ min: 1, max: 500 }),
});

describe("compileLimit", () => {
  it("is no limit for an average of 0", () => {
    expect(compileLimit({ average: 0, periodMs: 1000, burst: 1 })).toBeUndefined();
  });

  it.each([
    [
      { average: 100, periodMs: 1000, burst: 20 },
      { ratePerMs: 0.1, burst: 20, maxWaitMs: 5 },
    ],
    [
      { average: 200, periodMs: 1000, burst: 10 },
      { ratePerMs: 0.2, burst: 10, maxWaitMs: 2.5 },
    ],
    // Whole requests a second, as Traefik counts its longest wait.
    [
      { average: 3, periodMs: 2000, burst: 1 },
      { ratePerMs: 0.0015, burst: 1, maxWaitMs: 500 },
    ],
    [
      { average: 6, periodMs: 60_000, burst: 3 },
      { ratePerMs: 0.0001, burst: 3, maxWaitMs: 500 },
    ],
    [
      { average: 1, periodMs: 1000, burst: 0 },
      { ratePerMs: 0.001, burst: 1, maxWaitMs: 500 },
    ],
  ])("%j", (options, limit) => {
    expect(compileLimit(options)).toEqual(limit);
  });
});

describe("a bucket", () => {
  it("gives its burst at once, then a token as often as they come back", () => {
    const limit = limitOf(10, 1000, 3);
    const bucket = fullBucket(limit, 0);
    expect([0, 0, 0, 0, 60, 60, 260].map((at) => takeToken(bucket, limit, at))).toEqual([0, 0, 0, 100, 40, 140, 0]);
  });

  it("says how long it takes to fill", () => {
    const limit = limitOf(10, 1000, 3);
    const bucket = fullBucket(limit, 0);
    takeToken(bucket, limit, 0);
    takeToken(bucket, limit, 0);
    expect(untilFull(bucket, limit)).toBe(200);
    returnToken(bucket, limit);
    returnToken(bucket, limit);
    returnToken(bucket, limit);
    expect(bucket.tokens).toBe(3);
  });

  it("takes a limit that has changed", () => {
    const bucket = fullBucket(limitOf(1, 1000, 100), 0);
    const narrow = limitOf(1, 3_600_000, 2);
    expect([0, 0, 0].map((at) => takeToken(bucket, narrow, at) === 0)).toEqual([true, true, false]);
  });

  it("gives ahead only what lies above its half, and half of that", () => {
    const limit = limitOf(1, 3_600_000, 100);
    const bucket = fullBucket(limit, 0);
    const granted = Array.from({ length: 60 }, () => takeTokens(bucket, limit, 1000, 0).granted);
    expect(granted.slice(0, 4)).toEqual([25, 13, 6, 3]);
    expect(granted.reduce((sum, one) => sum + one)).toBe(100);
    expect(granted.filter((one) => one === 1).length).toBeGreaterThanOrEqual(50);
    expect(takeTokens(bucket, limit, 1, 0)).toEqual({ granted: 0, waitMs: expect.closeTo(3_600_000, 3) });
  });

  it("gives high limits in portions when little is left, as far as that is wanted", () => {
    const limit = limitOf(1000, 1000, 1000);
    const bucket = { tokens: 4, at: 0 };
    expect(takeTokens(bucket, limit, 50, 0)).toEqual({ granted: 0, waitMs: 6 });
    expect(takeTokens(bucket, limit, 2, 0)).toEqual({ granted: 2, waitMs: 0 });
    expect(takeTokens(bucket, limit, 1, 0)).toEqual({ granted: 1, waitMs: 0 });
    expect(takeTokens(bucket, limit, 50, 9)).toEqual({ granted: 10, waitMs: 0 });
    expect(takeTokens({ tokens: 6, at: 0 }, limitOf(1000, 1000, 6), 50, 0)).toMatchObject({ granted: 3 });
    expect(takeTokens({ tokens: 1, at: 0 }, limitOf(1000, 1000, 1), 50, 0)).toMatchObject({ granted: 1 });
  });

  it("lets nobody have more in any time than the burst and what comes back", () => {
    const steps = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 3000 }), want: fc.integer({ min: 1, max: 50 }) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(limitOptions, steps, ({ average, periodMs, burst }, asked) => {
        const limit = limitOf(average, periodMs, burst);
        const bucket = fullBucket(limit, 0);
        const taken: { at: number; tokens: number }[] = [];
        let now = 0;
        for (const { afterMs, want } of asked) {
          now += afterMs;
          const { granted, waitMs } = takeTokens(bucket, limit, want, now);
          expect(granted).toBeLessThanOrEqual(want);
          if (granted === 0) expect(waitMs).toBeGreaterThan(want === 1 ? limit.maxWaitMs : 0);
          // Who waits passes when the token is there.
          else taken.push({ at: now + waitMs, tokens: granted });
        }
        for (const [index, first] of taken.entries()) {
          let sum = 0;
          for (const { at, tokens } of taken.slice(index)) {
            sum += tokens;
            expect(sum).toBeLessThanOrEqual(burst + (at - first.at) * limit.ratePerMs + 1e-6);
          }
        }
      }),
    );
  });

  it("refuses nobody who keeps to the limit", () => {
    fc.assert(
      fc.property(limitOptions, fc.integer({ min: 1, max: 200 }), ({ average, periodMs, burst }, requests) => {
        const limit = limitOf(average, periodMs, burst);
        const bucket = fullBucket(limit, 0);
        for (let i = 0; i < requests; i++) {
          expect(takeToken(bucket, limit, i / limit.ratePerMs)).toBeLessThanOrEqual(limit.maxWaitMs);
        }
      }),
    );
  });

  it("gains and loses nothing by a clock that goes back", () => {
    const clock = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(limitOptions, clock, ({ average, periodMs, burst }, times) => {
        const limit = limitOf(average, periodMs, burst);
        const bucket = fullBucket(limit, 0);
        let forwardMs = 0;
        let last = 0;
        let passed = 0;
        for (const now of times) {
          forwardMs += Math.max(0, now - last);
          last = now;
          if (takeToken(bucket, limit, now) <= limit.maxWaitMs) passed++;
        }
        expect(passed).toBeLessThanOrEqual(burst + 1 + forwardMs * limit.ratePerMs);
        expect(takeToken(bucket, limit, last + (2 * burst) / limit.ratePerMs)).toBe(0);
      }),
    );
  });
});

describe("leaseMs", () => {
  it.each([
    [limitOf(100, 1000, 100), 250],
    [limitOf(100, 1000, 1), 2.5],
    [limitOf(1, 60_000, 30), 1000],
  ])("%j", (limit, ms) => {
    expect(leaseMs(limit)).toBe(ms);
  });
});
