import { describe, expect, it } from "vitest";
import { createPassiveHealth } from "../../src/balance/passive-health.ts";

const check = (maxFailedAttempts: number, failureWindowMs = 10_000) => ({ maxFailedAttempts, failureWindowMs });

function start() {
  const clock = { now: 1_000 };
  return { clock, health: createPassiveHealth(() => clock.now) };
}

describe("passive health", () => {
  it("takes an endpoint out at the failure that makes it enough, for as long as the window", () => {
    const { clock, health } = start();
    expect([health.failed("a", check(3)), health.failed("a", check(3))]).toEqual([false, false]);
    expect(health.isDown("a")).toBe(false);
    expect(health.failed("a", check(3))).toBe(true);
    expect([health.isDown("a"), health.isDown("b")]).toEqual([true, false]);
    clock.now += 9_999;
    expect(health.isDown("a")).toBe(true);
    clock.now += 1;
    expect(health.isDown("a")).toBe(false);
  });

  it("begins anew when it comes back", () => {
    const { clock, health } = start();
    for (let i = 0; i < 2; i++) health.failed("a", check(2));
    clock.now += 10_000;
    expect(health.failed("a", check(2))).toBe(false);
    expect(health.failed("a", check(2))).toBe(true);
  });

  it("counts failures in a row", () => {
    const { health } = start();
    health.failed("a", check(2));
    health.answered("a");
    expect(health.failed("a", check(2))).toBe(false);
  });

  it("counts those of the window, wherever it begins", () => {
    const { clock, health } = start();
    const seen = [0, 9_000, 2_000, 1_000].map((passed) => {
      clock.now += passed;
      return health.failed("a", check(3));
    });
    expect(seen).toEqual([false, false, false, true]);
  });

  it("does not stretch an absence by what was under way, nor end it by an answer", () => {
    const { clock, health } = start();
    health.failed("a", check(1));
    clock.now += 5_000;
    expect(health.failed("a", check(1))).toBe(false);
    health.answered("a");
    expect(health.isDown("a")).toBe(true);
    clock.now += 5_000;
    expect(health.isDown("a")).toBe(false);
  });

  it("remembers so many at most", () => {
    const { health } = start();
    for (let i = 0; i <= 10_000; i++) health.failed(`a${i}`, check(1));
    expect([health.isDown("a0"), health.isDown("a1")]).toEqual([false, true]);
  });
});
