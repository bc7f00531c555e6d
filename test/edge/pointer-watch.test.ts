import { describe, expect, it } from "vitest";
import { createPointerWatch } from "../../src/edge/pointer-watch.ts";
import type { ReportedEvent } from "../../src/observe/report.ts";
import type { Pointer } from "../../src/table/snapshot.ts";

const pointerOf = (generation: number): Pointer => ({ publisher: "p", epoch: 1, generation, root: "0123456789abcdef" });

/** A watch over a beacon, a clock and timers that the test moves by hand. */
function setUp({ dev = false, lastGood = false } = {}) {
  let now = 1_000_000;
  let current: () => Promise<Pointer | null> = async () => pointerOf(1);
  const timers = new Set<() => void>();
  const reports: ReportedEvent[] = [];
  const background: Promise<unknown>[] = [];
  let looks = 0;
  let prefetches = 0;
  const reader = {
    pointer: undefined as Pointer | undefined,
    async offer(pointer: Pointer) {
      if (reader.pointer !== undefined && reader.pointer.generation >= pointer.generation) return false;
      reader.pointer = pointer;
      return true;
    },
    async prefetch() {
      prefetches++;
    },
    async recover() {
      if (lastGood) reader.pointer = pointerOf(7);
      return lastGood;
    },
  };
  const watch = createPointerWatch({
    reader,
    sources: {
      publisher: "p",
      kv: { get: async () => null },
      beacon: {
        current() {
          looks++;
          return current();
        },
      },
    },
    now: () => now,
    jitter: 0,
    dev,
    report: (event) => reports.push(event),
    startTimer(callback) {
      timers.add(callback);
      return () => timers.delete(callback);
    },
  });
  return {
    reader,
    watch,
    reports,
    refresh: () => watch.refresh((work) => background.push(work)),
    settle: () => Promise.all(background.splice(0)),
    expireTimers() {
      for (const callback of [...timers]) callback();
    },
    advance(ms: number) {
      now += ms;
    },
    answer(next: typeof current) {
      current = next;
    },
    looks: () => looks,
    prefetches: () => prefetches,
  };
}

const never = () => new Promise<never>(() => {});
const failing = () => Promise.reject(new Error("beacon is away"));

describe("an isolate's watch of the pointer", () => {
  it("makes the first request wait for a look, and reads ahead what it found", async () => {
    const { refresh, reader, settle, prefetches } = setUp();
    await refresh();
    expect(reader.pointer?.generation).toBe(1);
    await settle();
    expect(prefetches()).toBe(1);
  });

  it("serves for a second without a look, then looks behind a request", async () => {
    const { refresh, reader, advance, answer, settle, looks } = setUp();
    await refresh();
    answer(async () => pointerOf(2));
    advance(999);
    expect(refresh()).toBeUndefined();
    advance(1);
    expect(refresh()).toBeUndefined();
    await settle();
    expect([reader.pointer?.generation, looks()]).toEqual([2, 2]);
  });

  it("makes a request of an idle isolate wait, but not for a beacon that hangs", async () => {
    const { refresh, advance, answer, expireTimers, reader } = setUp();
    await refresh();
    advance(10_000);
    answer(never);
    const waiting = refresh();
    expect(waiting).toBeInstanceOf(Promise);
    expireTimers();
    await waiting;
    expect(reader.pointer?.generation).toBe(1);
  });

  it("serves the last good table while looks fail, and says so", async () => {
    const { refresh, advance, answer, reports, reader, looks } = setUp();
    await refresh();
    answer(failing);
    advance(10_000);
    await refresh();
    expect(reports.map(({ event }) => event)).toEqual(["pointer-look-failed"]);
    expect(refresh()).toBeUndefined();
    expect([reader.pointer?.generation, looks()]).toEqual([1, 2]);
  });

  it("starts from the data centre's last good table when the beacon hangs", async () => {
    const { refresh, answer, expireTimers, reader } = setUp({ lastGood: true });
    answer(never);
    const waiting = refresh();
    expireTimers();
    await waiting;
    expect(reader.pointer?.generation).toBe(7);
  });

  it("takes a gateway's word that nothing is newer, for ten seconds after a look of its own", async () => {
    const { refresh, watch, advance, settle, looks } = setUp();
    await refresh();
    for (let second = 0; second < 9; second++) {
      advance(999);
      watch.confirm();
      expect(refresh()).toBeUndefined();
    }
    expect(looks()).toBe(1);
    advance(1_500);
    watch.confirm();
    refresh();
    await settle();
    expect(looks()).toBe(2);
  });

  it("learns a newer pointer from a gateway", async () => {
    const { refresh, watch, reader, prefetches, settle } = setUp();
    await refresh();
    await settle();
    await watch.learn(pointerOf(5));
    await watch.learn(pointerOf(4));
    expect([reader.pointer?.generation, prefetches()]).toEqual([5, 2]);
  });

  it("on a laptop makes every request wait for a look of its own", async () => {
    const { refresh, answer, reader } = setUp({ dev: true });
    await refresh();
    answer(async () => pointerOf(2));
    await refresh();
    expect(reader.pointer?.generation).toBe(2);
  });
});
