import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLoad, expectedMs, type Load, lessBusyOfTwo, noteAnswer, soonest } from "../../src/balance/load.ts";

const load = (change: Partial<Load> = {}): Load => ({ ...createLoad(), ...change });
const measured = (meanMs: number, inFlight = 0): Load => load({ meanMs, samples: 10, inFlight });
const all = (): boolean => true;

describe("of two", () => {
  const busy = [load({ inFlight: 5 }), load({ inFlight: 1 }), load({ inFlight: 3 })];

  it.each<[number[], number | undefined]>([
    [[0, 0], 1],
    [[0, 0.99], 2],
    [[0.5, 0], 1],
    [[0.9, 0], 2],
  ])("the less busy one goes: %j", (numbers, expected) => {
    const drawn = [...numbers];
    expect(lessBusyOfTwo(busy, all, () => drawn.shift() ?? 0)).toBe(expected);
  });

  it("the one that is drawn first goes when both are as busy", () => {
    const drawn = [0.5, 0];
    expect(lessBusyOfTwo([load(), load(), load()], all, () => drawn.shift() ?? 0)).toBe(1);
  });

  it("goes who can serve, and never the busiest of all but one", () => {
    const loads = fc.array(fc.record({ inFlight: fc.nat(100), isUp: fc.boolean() }), { maxLength: 8 });
    const number = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(loads, number, number, (list, one, other) => {
        const drawn = [one, other];
        const canServe = (index: number): boolean => list[index]?.isUp === true;
        const picked = lessBusyOfTwo(list.map(load), canServe, () => drawn.shift() ?? 0);
        const able = list.filter(({ isUp }) => isUp).map(({ inFlight }) => inFlight);
        if (able.length === 0) expect(picked).toBeUndefined();
        else expect(list[picked ?? -1]?.isUp).toBe(true);
        const busiest = Math.max(...able);
        if (able.length > 1 && able.filter((inFlight) => inFlight === busiest).length === 1)
          expect(list[picked ?? -1]?.inFlight).toBeLessThan(busiest);
      }),
    );
  });
});

describe("the soonest", () => {
  it.each<[string, Load[], number[]]>([
    ["is the fastest", [measured(30), measured(10), measured(20)], [1]],
    ["counts what is under way", [measured(10, 9), measured(30, 0)], [1]],
    ["is not one that has not answered yet", [load({ inFlight: 1 }), measured(10)], [1]],
    ["is the less busy one where both answer at once", [measured(0, 1), measured(0)], [1]],
    [
      "is not one that has not answered yet, beside one that answers at once",
      [load({ inFlight: 1 }), measured(0)],
      [1],
    ],
    ["is one that nobody asked, before one that has not answered yet", [load({ inFlight: 1 }), load()], [1]],
    ["is one that nothing is known of", [measured(1), load()], [1]],
    ["are all that are equal", [measured(10), measured(10), measured(20)], [0, 1]],
    ["is nobody of nobody", [], []],
  ])("%s", (_, loads, expected) => {
    expect(soonest(loads, 0, all)).toEqual(expected);
  });

  it("is one that can serve", () => {
    expect(soonest([measured(1), measured(2)], 0, (index) => index === 1)).toEqual([1]);
  });
});

describe("the time that an endpoint is expected to take", () => {
  it("is the mean of what it took", () => {
    const one = load();
    for (const ms of [10, 20, 30]) noteAnswer(one, ms, false, 0);
    expect(expectedMs(one, 0)).toBeCloseTo(20);
  });

  it("follows what it takes now", () => {
    const one = load();
    for (let i = 0; i < 100; i++) noteAnswer(one, 1_000, false, 0);
    for (let i = 0; i < 500; i++) noteAnswer(one, 10, false, 0);
    expect(expectedMs(one, 0)).toBeLessThan(20);
  });

  it("is forgiven while nobody asks, so that no endpoint starves", () => {
    const slow = load();
    noteAnswer(slow, 8_000, false, 0);
    expect(expectedMs(slow, 10_000)).toBeCloseTo(4_000);
    expect(
      soonest(
        [slow, measured(1)].map((one) => ({ ...one, lastAt: one === slow ? 0 : 200_000 })),
        200_000,
        all,
      ),
    ).toEqual([0]);
  });

  it("is long for one that fails fast", () => {
    const [failing, working] = [load(), load()];
    noteAnswer(failing, 1, true, 0);
    noteAnswer(working, 50, false, 0);
    expect(soonest([failing, working], 0, all)).toEqual([1]);
  });

  it("is a clock's matter that goes back", () => {
    const one = load();
    noteAnswer(one, -5, false, 1_000);
    expect(expectedMs(one, 0)).toBe(0);
  });
});
