import { describe, expect, it } from "vitest";
import { judgeAttempt, nextStep, type PublishFacts } from "../../sync-agent/agent/decide-publish.ts";

const pace = { paceMs: 2_000, confirmMs: 60_000 };
const facts = (changes: Partial<PublishFacts> = {}): PublishFacts => ({
  isLeading: true,
  epoch: 7,
  wanted: "new",
  startedAt: Number.NEGATIVE_INFINITY,
  confirmedAt: Number.NEGATIVE_INFINITY,
  notBefore: Number.NEGATIVE_INFINITY,
  heldUntil: Number.NEGATIVE_INFINITY,
  ...changes,
});
const forever = { do: "wait", until: Number.POSITIVE_INFINITY };

describe("nextStep", () => {
  it.each([
    ["publishes a new table", {}, { do: "publish" }],
    ["claims an epoch before anything else", { epoch: undefined }, { do: "claim" }],
    ["claims nothing while there is nothing to publish", { epoch: undefined, wanted: "nothing" }, forever],
    ["does nothing while another leads", { isLeading: false }, forever],
    ["does nothing without a table", { wanted: "nothing" }, forever],
    ["keeps its pace", { startedAt: 9_000 }, { do: "wait", until: 11_000 }],
    ["keeps to its backoff, new table or not", { notBefore: 12_000 }, { do: "wait", until: 12_000 }],
    ["keeps to its backoff before a claim", { notBefore: 12_000, epoch: undefined }, { do: "wait", until: 12_000 }],
    ["looks again now and then", { wanted: "same", confirmedAt: 9_000 }, { do: "wait", until: 69_000 }],
    ["looks again when it is time", { wanted: "same", confirmedAt: -51_000 }, { do: "publish" }],
    ["leaves a held table alone", { wanted: "held", heldUntil: 40_000 }, { do: "wait", until: 40_000 }],
    ["tries a held table again in the end", { wanted: "held", heldUntil: 9_999 }, { do: "publish" }],
    ["tries another than the held table", { wanted: "new", heldUntil: 40_000 }, { do: "publish" }],
  ] satisfies [string, Partial<PublishFacts>, unknown][])("%s", (_, changes, expected) => {
    expect(nextStep(facts(changes), pace, 10_000)).toEqual(expected);
  });
});

describe("judgeAttempt", () => {
  it.each([
    ["rests when it is done", { ended: "done" }, 0, { next: "rest" }],
    ["rests when nobody waits for it any more", { ended: "abandoned" }, 1, { next: "rest" }],
    ["waits at most half a second first", { ended: "failed", isFatal: false }, 1, { next: "retry", afterMs: 250 }],
    ["waits longer each time", { ended: "failed", isFatal: false }, 3, { next: "retry", afterMs: 1_000 }],
    ["waits 30 s at most", { ended: "failed", isFatal: false }, 40, { next: "retry", afterMs: 15_000 }],
    [
      "waits long for what is not going to pass",
      { ended: "failed", isFatal: true },
      1,
      { next: "retry", afterMs: 60_000 },
    ],
    ["asks who leads", { ended: "refused", reason: "stale-epoch" }, 1, { next: "confirm-lease" }],
    ["reads again at once", { ended: "refused", reason: "stale-expectation" }, 1, { next: "retry", afterMs: 0 }],
    [
      "backs off from who moves the pointer",
      { ended: "refused", reason: "stale-expectation" },
      4,
      { next: "retry", afterMs: 2_000 },
    ],
    ["stays when it is pinned", { ended: "refused", reason: "pinned" }, 1, { next: "hold", afterMs: 10_000 }],
    ["stays when its guard says no", { ended: "refused", reason: "guarded" }, 1, { next: "hold", afterMs: 60_000 }],
    [
      "stays when the beacon is another's",
      { ended: "refused", reason: "other-publisher" },
      1,
      { next: "hold", afterMs: 60_000 },
    ],
  ] satisfies [string, Parameters<typeof judgeAttempt>[0], number, unknown][])(
    "%s",
    (_, attempt, failures, expected) => {
      expect(judgeAttempt(attempt, failures, 0.5)).toEqual(expected);
    },
  );
});
