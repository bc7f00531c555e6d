import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStanding, noteFailure, type Standing, takeTurn, weightOf } from "../../src/balance/dynamic-turns.ts";
import { createLoad, noteAnswer } from "../../src/balance/load.ts";

const all = (): boolean => true;
const standings = (count: number): Standing[] => Array.from({ length: count }, () => createStanding(0, false));
const weightAt = (standing: Standing, now: number): number => weightOf(standing, createLoad(), 0, now);

describe("turns", () => {
  it("go to each by its weight: within one turn of its share at any time", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 300 }), (sixteenths, turns) => {
        const list = sixteenths.map((weight) => weight / 16);
        const sum = list.reduce((total, weight) => total + weight, 0);
        const those = standings(list.length);
        const counts = list.map(() => 0);
        for (let turn = 0; turn < turns; turn++) {
          const picked = takeTurn(those, list, all) ?? -1;
          counts[picked] = (counts[picked] ?? 0) + 1;
        }
        for (const [index, count] of counts.entries()) {
          const share = ((list[index] ?? 0) / sum) * turns;
          expect(Math.abs(count - share)).toBeLessThan(list.length);
        }
      }),
    );
  });

  it("are taken one after the other where all weigh the same", () => {
    const those = standings(3);
    const taken = Array.from({ length: 7 }, () => takeTurn(those, [1, 1, 1], all));
    expect(taken).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it.each<[string, number[], (endpoint: number) => boolean, number | undefined]>([
    ["who can serve", [1, 1], (endpoint) => endpoint === 1, 1],
    ["who has a weight", [0, 1], all, 1],
    ["nobody where none can", [1, 1], () => false, undefined],
  ])("go to %s", (_, weights, canServe, expected) => {
    expect(takeTurn(standings(2), weights, canServe)).toBe(expected);
  });
});

describe("an endpoint's weight", () => {
  it("halves with each failure, never to nothing, and comes back by itself", () => {
    const standing = createStanding(0, false);
    const seen = Array.from({ length: 6 }, () => {
      noteFailure(standing, 0);
      return weightAt(standing, 0);
    });
    expect(seen).toEqual([0.5, 0.25, 0.125, 0.0625, 0.0625, 0.0625]);
    expect(weightAt(standing, 15_000)).toBeCloseTo(0.5625);
    expect(weightAt(standing, 30_000)).toBe(1);
    expect(weightAt(standing, 300_000)).toBe(1);
  });

  it("never falls while nothing fails", () => {
    const time = fc.nat(100_000);
    fc.assert(
      fc.property(fc.array(time, { maxLength: 5 }), time, time, (failures, one, other) => {
        const standing = createStanding(0, true);
        let now = 0;
        for (const passed of failures) {
          now += passed;
          noteFailure(standing, now);
        }
        const [early, late] = [Math.min(one, other), Math.max(one, other)];
        expect(weightAt(standing, now + early)).toBeLessThanOrEqual(weightAt(standing, now + late));
        expect(weightAt(standing, now + early)).toBeGreaterThan(0);
      }),
    );
  });

  it("begins small beside others, and whole where it is one of the first", () => {
    expect([weightAt(createStanding(0, true), 0), weightAt(createStanding(0, false), 0)]).toEqual([1 / 16, 1]);
  });

  it.each([
    [15, 1],
    [20, 1],
    [40, 0.5],
    [10_000, 1 / 16],
  ])("at %d ms beside one that takes 10 ms is %d", (ms, expected) => {
    const load = createLoad();
    noteAnswer(load, ms, false, 0);
    expect(weightOf(createStanding(0, false), load, 10, 0)).toBe(expected);
  });
});
