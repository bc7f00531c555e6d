import { describe, expect, it } from "vitest";
import { type Freshness, judgeFreshness, neverLooked } from "../../src/beacon/freshness.ts";

const now = 1_000_000;
const calm = { jitter: 0, dev: false };

describe("judgeFreshness", () => {
  it.each<[string, { checked?: number; started?: number; failed?: number; jitter?: number; dev?: boolean }, Freshness]>(
    [
      ["a first request", {}, "wait"],
      ["checked just now", { checked: 0 }, "serve"],
      ["checked within the second", { checked: 999 }, "serve"],
      ["a second ago", { checked: 1_000 }, "look"],
      ["nearly ten seconds ago", { checked: 9_999 }, "look"],
      ["ten seconds ago", { checked: 10_000 }, "wait"],
      ["a look under way", { checked: 5_000, started: 500 }, "serve"],
      ["a look that died with its request", { checked: 5_000, started: 1_000 }, "look"],
      ["another's look under way, too old to serve", { checked: 20_000, started: 50 }, "wait"],
      ["a look that failed just now", { checked: 20_000, started: 200, failed: 100 }, "serve"],
      ["a look that failed a while ago", { checked: 20_000, started: 1_100, failed: 1_000 }, "wait"],
      ["the most jitter, before it", { checked: 749, jitter: 1 }, "serve"],
      ["the most jitter, after it", { checked: 750, jitter: 1 }, "look"],
      ["a laptop", { checked: 0, dev: true }, "wait"],
    ],
  )("%s", (_, { checked, started, failed, jitter = 0, dev = false }, expected) => {
    const times = {
      checkedAt: checked === undefined ? neverLooked.checkedAt : now - checked,
      startedAt: started === undefined ? neverLooked.startedAt : now - started,
      failedAt: failed === undefined ? neverLooked.failedAt : now - failed,
    };
    expect(judgeFreshness(times, now, { ...calm, jitter, dev })).toBe(expected);
  });
});
