import { describe, expect, it } from "vitest";
import { createSavedBucket } from "../../src/rate-limit/saved-bucket.ts";
import { compileLimit, type Limit, takeToken } from "../../src/rate-limit/token-bucket.ts";

const limitOf = (average: number, periodMs: number, burst: number): Limit => {
  const limit = compileLimit({ average, periodMs, burst });
  if (limit === undefined) throw new Error("no limit");
  return limit;
};

/** Storage that outlives the objects that are made on it. */
function startStorage() {
  const stored = new Map<string, unknown>();
  const timers: (() => void)[] = [];
  const writes: unknown[] = [];
  let alarmAt: number | undefined;
  const storage = {
    kv: {
      get: (key: string) => stored.get(key),
      put(key: string, value: unknown) {
        stored.set(key, value);
        writes.push(value);
      },
    },
    async setAlarm(at: number) {
      alarmAt = at;
    },
    async deleteAll() {
      stored.clear();
    },
  };
  return {
    stored,
    timers,
    writes,
    alarmAt: () => alarmAt,
    open: () => createSavedBucket({ storage, startTimer: (callback) => void timers.push(callback) }),
    fire: () => timers.splice(0).forEach((callback) => void callback()),
  };
}

const slow = limitOf(1, 60_000, 5);

/** Takes as the object does. */
function take(saved: ReturnType<typeof createSavedBucket>, limit: Limit, now: number): boolean {
  const passes = takeToken(saved.bucket(limit, now), limit, now) <= limit.maxWaitMs;
  if (passes) saved.changed(limit);
  return passes;
}

describe("a bucket on storage", () => {
  it("is written once for all changes of a second, and read by the next object", () => {
    const { open, fire, timers, writes, alarmAt } = startStorage();
    const first = open();
    for (let i = 0; i < 6; i++) take(first, slow, 1000);
    expect([timers.length, writes.length]).toEqual([1, 0]);
    fire();
    expect(writes).toEqual([{ tokens: 0, at: 1000, fullAt: 301_000 }]);
    expect(alarmAt()).toBe(301_000);
    expect(take(open(), slow, 2000)).toBe(false);
    expect(take(open(), slow, 62_000)).toBe(true);
  });

  it("is not written while it fills up sooner than its object is forgotten", () => {
    const { open, timers } = startStorage();
    const fast = limitOf(10, 1000, 100);
    const saved = open();
    for (let i = 0; i < 99; i++) take(saved, fast, 0);
    expect(timers).toEqual([]);
    take(saved, fast, 0);
    expect(timers).toHaveLength(1);
  });

  it("keeps one alarm, which puts itself off until the bucket is full, and then forgets it", async () => {
    const { open, fire, stored, alarmAt } = startStorage();
    const saved = open();
    take(saved, slow, 0);
    fire();
    expect(alarmAt()).toBe(60_000);
    take(saved, slow, 1000);
    fire();
    expect(alarmAt()).toBe(60_000);
    await saved.clean(60_000);
    expect(alarmAt()).toBeCloseTo(120_000);
    expect(stored.size).toBe(1);
    // The object that is woken need not be the one that wrote.
    await open().clean(120_001);
    expect(stored.size).toBe(0);
    await open().clean(130_000);
    expect(take(open(), slow, 130_000)).toBe(true);
  });

  it("gives nothing to a clock that goes back", () => {
    const { open, fire } = startStorage();
    const saved = open();
    for (let i = 0; i < 5; i++) take(saved, slow, 1_000_000);
    fire();
    const later = open();
    expect([take(later, slow, 0), take(later, slow, 59_000), take(later, slow, 60_000)]).toEqual([false, false, true]);
  });
});
