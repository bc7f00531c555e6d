import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashNames, pickByKey as pickByHash } from "../../src/balance/rendezvous.ts";

const pickByKey = (
  key: string,
  children: readonly string[],
  weights: readonly number[],
  canServe: (child: number) => boolean,
) => pickByHash(key, hashNames(children), weights, canServe);

const all = (): boolean => true;
const clients = Array.from({ length: 20_000 }, (_, index) => `192.0.${index >> 8}.${index & 255}`);

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 6 });
const key = fc.string({ maxLength: 20 });

describe("a client's child", () => {
  it("is the same for the same key, whatever the order of the children", () => {
    fc.assert(
      fc.property(names, key, fc.nat(1_000), (children, client, weight) => {
        const weights = children.map((_, index) => (index * 7 + weight) % 13);
        const picked = pickByKey(client, children, weights, all);
        const reversed = pickByKey(client, children.toReversed(), weights.toReversed(), all);
        expect(reversed === undefined ? undefined : children.toReversed()[reversed]).toBe(
          picked === undefined ? undefined : children[picked],
        );
      }),
    );
  });

  it("is the one that it was in the releases before: an upgrade moves nobody", () => {
    const picked = Array.from({ length: 24 }, (_, index) =>
      pickByKey(`client-${index}`, ["blue", "green", "red"], [5, 3, 2], all),
    );
    expect(picked.map((child) => "bgr"[child ?? -1]).join("")).toBe("rrbbbbggbrbgrbgbbggbbgrg");
  });

  it("stays while its weight grows: a ramp moves nobody back", () => {
    const ramp = fc.array(fc.nat(100), { minLength: 2, maxLength: 8 }).map((steps) => steps.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(key, ramp, (client, steps) => {
        const onCanary = steps.map((step) => pickByKey(client, ["stable", "canary"], [100 - step, step], all) === 1);
        expect(onCanary).toEqual(onCanary.toSorted((a, b) => Number(a) - Number(b)));
      }),
    );
  });

  it("changes only to the child whose weight grew beside the others'", () => {
    fc.assert(
      fc.property(names, key, fc.nat(5), fc.integer({ min: 1, max: 50 }), (children, client, at, more) => {
        const grown = at % children.length;
        const before = children.map((_, index) => 1 + ((index * 5) % 9));
        const after = before.map((weight, index) => (index === grown ? weight + more : weight));
        const [was, is] = [pickByKey(client, children, before, all), pickByKey(client, children, after, all)];
        if (was !== is) expect(is).toBe(grown);
      }),
    );
  });

  it("changes only for those whose child can no longer serve", () => {
    fc.assert(
      fc.property(names, key, fc.nat(5), (children, client, at) => {
        const gone = at % children.length;
        const weights = children.map(() => 1);
        const was = pickByKey(client, children, weights, all);
        const is = pickByKey(client, children, weights, (child) => child !== gone);
        if (was === gone) expect(is).not.toBe(gone);
        else expect(is).toBe(was);
      }),
    );
  });

  it.each([
    [1, 1, 1],
    [5, 95],
    [1, 2, 3, 4],
  ])("is shared out by weight: %j", (...weights) => {
    const children = weights.map((_, index) => `10.0.0.${index}:80`);
    const counts = weights.map(() => 0);
    for (const client of clients) {
      const picked = pickByKey(client, children, weights, all) ?? -1;
      counts[picked] = (counts[picked] ?? 0) + 1;
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    // The clients are always the same, so is the outcome.
    for (const [index, count] of counts.entries()) {
      expect(Math.abs(count / clients.length - (weights[index] ?? 0) / sum)).toBeLessThan(0.012);
    }
  });

  it("says nothing of the child at another level: a split of one share is like that of the other", () => {
    const half = clients.filter((client) => pickByKey(client, ["a", "b"], [1, 1], all) === 0);
    const quarter = half.filter((client) => pickByKey(client, ["c", "d"], [1, 1], all) === 0);
    expect(Math.abs(quarter.length / half.length - 0.5)).toBeLessThan(0.02);
  });

  it.each<[string, string[], number[], (child: number) => boolean]>([
    ["there is none", [], [], all],
    ["none has a weight", ["a", "b"], [0, 0], all],
    ["none can serve", ["a", "b"], [1, 1], () => false],
    ["weights are none", ["a", "b"], [Number.NaN, -1], all],
  ])("is nobody when %s", (_, children, weights, canServe) => {
    expect(pickByKey("client", children, weights, canServe)).toBeUndefined();
  });
});
