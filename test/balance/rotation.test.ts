import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBalanceState } from "../../src/balance/balance-state.ts";
import { createRotation, createShare, isDue, nextChild } from "../../src/balance/rotation.ts";

/** mulberry32: enough randomness for a test, and the same in each run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const all = () => true;

describe("rotations in many isolates", () => {
  it.each([1, 2, 3, 4, 5])("give a canary of 1 %% its 1 %% over 1,000 isolates of five requests (seed %i)", (seed) => {
    const random = seededRandom(seed);
    const isolates = 1000;
    const requests = 5;
    let canary = 0;
    for (let isolate = 0; isolate < isolates; isolate++) {
      const rotation = createRotation([99, 1], random());
      for (let request = 0; request < requests; request++) canary += nextChild(rotation, all) ?? 0;
    }
    const chance = requests / 100;
    const deviation = Math.sqrt(isolates * chance * (1 - chance));
    expect(Math.abs(canary - isolates * chance)).toBeLessThan(4 * deviation);
  });

  it("start at every place of the cycle alike", () => {
    const random = seededRandom(7);
    const counts = [0, 0, 0];
    for (let isolate = 0; isolate < 3000; isolate++) {
      const child = nextChild(createRotation([1, 1, 1], random()), all) ?? -1;
      counts[child] = (counts[child] ?? 0) + 1;
    }
    const deviation = Math.sqrt(3000 * (1 / 3) * (2 / 3));
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(4 * deviation);
  });
});

describe("a rotation among children of which some cannot serve", () => {
  it("shares their turns by the weights of the others", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ weight: fc.nat(20), up: fc.boolean() }), { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (children, random) => {
          const rotation = createRotation(
            children.map(({ weight }) => weight),
            random,
          );
          const sum = children.reduce((total, { weight, up }) => total + (up ? weight : 0), 0);
          const counts = children.map(() => 0);
          for (let turn = 0; turn < sum; turn++) {
            const child = nextChild(rotation, (index) => children[index]?.up ?? false) ?? -1;
            counts[child] = (counts[child] ?? 0) + 1;
          }
          expect(counts).toEqual(children.map(({ weight, up }) => (up ? weight : 0)));
        },
      ),
    );
  });

  it("picks nobody when none with a weight can", () => {
    const rotation = createRotation([1, 0], 0.5);
    expect(nextChild(rotation, (child) => child === 1)).toBeUndefined();
    expect(nextChild(rotation, all)).toBe(0);
  });

  it("remembers a bounded number of such sets", () => {
    const rotation = createRotation(Array(10).fill(1), 0);
    for (let set = 0; set < 1000; set++) nextChild(rotation, (child) => (set & (1 << child)) === 0);
    expect(rotation.partial.size).toBeLessThanOrEqual(32);
  });
});

describe("a share", () => {
  it("of 50 %% is exactly half of every even window", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(50), (random, half) => {
        const share = createShare(50, random);
        let due = 0;
        for (let turn = 0; turn < 2 * half; turn++) if (isDue(share)) due++;
        expect(due).toBe(half);
      }),
    );
  });

  it.each([
    [0, 1000, 0],
    [1, 1000, 10],
    [10, 1000, 100],
    [33, 1000, 330],
    [12.5, 1000, 125],
    [100, 1000, 1000],
    [-5, 1000, 0],
    [250, 1000, 1000],
  ])("of %d %% is due in %i requests %i times", (percent, requests, expected) => {
    const share = createShare(percent, 0.37);
    let due = 0;
    for (let request = 0; request < requests; request++) if (isDue(share)) due++;
    expect(due).toBe(expected);
  });
});

describe("the balance state", () => {
  const create = (maxEntries = 10) => createBalanceState({ random: seededRandom(1), maxEntries });

  it("keeps a service's rotation over tables with the same weights", () => {
    const state = create();
    const rotation = state.rotation("a", [3, 1]);
    expect(state.rotation("a", [3, 1])).toBe(rotation);
    expect(state.rotation("b", [3, 1])).not.toBe(rotation);
  });

  it("starts elsewhere when the weights change", () => {
    const state = create();
    const before = state.rotation("a", [3, 1]);
    const after = state.rotation("a", [2, 1]);
    expect(after.weights).toEqual([2, 1]);
    expect(after.position).not.toBe(before.position);
    expect(state.rotation("a", [2, 1, 0])).not.toBe(after);
  });

  it("keeps each mirror's share apart", () => {
    const state = create();
    const first = state.share("a", 0, 50);
    expect(state.share("a", 0, 50)).toBe(first);
    expect(state.share("a", 1, 50)).not.toBe(first);
    expect(state.share("a", 0, 20)).not.toBe(first);
  });

  it("is bounded: the rotation asked for longest ago goes first", () => {
    const state = create(2);
    const a = state.rotation("a", [1]);
    const b = state.rotation("b", [1]);
    state.rotation("a", [1]);
    state.rotation("c", [1]);
    expect(state.rotation("a", [1])).toBe(a);
    expect(state.rotation("b", [1])).not.toBe(b);
  });
});
