import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCycle, pick } from "../../src/balance/weighted-cycle.ts";

const turns = (weights: number[], count: number, from = 0) => {
  const cycle = createCycle(weights);
  return Array.from({ length: count }, (_, turn) => pick(cycle, from + turn));
};

const weightsUpTo = (max: number) =>
  fc.array(fc.nat(max), { minLength: 1, maxLength: 8 }).filter((weights) => weights.some((weight) => weight > 0));

describe("a weighted cycle", () => {
  it.each([
    { weights: [3, 1], order: "ABAA" },
    { weights: [1, 2], order: "ABB" },
    { weights: [1, 1], order: "AB" },
    { weights: [50, 50], order: "AB" },
    { weights: [0, 7], order: "B" },
    { weights: [4, 1, 1], order: "ABACAA" },
    { weights: [1, 2, 3], order: "ACBCCB" },
    { weights: [9, 1], order: "AAAAAAABAA" },
  ])("of $weights goes $order", ({ weights, order }) => {
    const names = turns(weights, order.length).map((child) => "ABC"[child ?? -1]);
    expect(names.join("")).toBe(order);
  });

  it("is exact in every window of its length", () => {
    fc.assert(
      fc.property(weightsUpTo(60), fc.nat(1_000_000), (weights, from) => {
        const { total } = createCycle(weights);
        const sum = weights.reduce((a, b) => a + b);
        const counts = weights.map(() => 0);
        for (const child of turns(weights, total, from)) counts[child ?? -1] = (counts[child ?? -1] ?? 0) + 1;
        expect(counts.map((count) => (count * sum) / total)).toEqual(weights);
      }),
    );
  });

  it("never keeps a child waiting longer than three times its even share", () => {
    fc.assert(
      fc.property(weightsUpTo(200), (weights) => {
        const { total, ends } = createCycle(weights);
        const order = turns(weights, 2 * total);
        weights.forEach((weight, child) => {
          if (weight === 0) return;
          const share = (ends[child] ?? 0) - (ends[child - 1] ?? 0);
          const places = order.flatMap((picked, turn) => (picked === child ? [turn] : []));
          const longest = Math.max(...places.slice(1).map((place, index) => place - (places[index] ?? 0)));
          expect(longest).toBeLessThanOrEqual(Math.ceil((3 * total) / share));
        });
      }),
    );
  });

  it("stays exact for the largest weights that Kubernetes allows", () => {
    const max = 2 ** 31 - 1;
    const cycle = createCycle([max, max - 1, 1]);
    expect(cycle.total).toBe(2 * max);
    let first = 0;
    for (let turn = 0; turn < 10_000; turn++) if (pick(cycle, 2 ** 52 + turn) === 0) first++;
    expect(Math.abs(first - 5_000)).toBeLessThanOrEqual(5);
  });
});

describe("a cycle without anyone to pick", () => {
  it.each([[[]], [[0, 0]], [[-1]], [[Number.NaN]]])("of %j picks nobody", (weights) => {
    expect(turns(weights, 3)).toEqual([undefined, undefined, undefined]);
  });
});
