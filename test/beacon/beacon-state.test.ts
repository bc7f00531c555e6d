import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AdvanceRequest,
  advance,
  advanceRequestSchema,
  type BeaconState,
  claim,
  currentPointer,
  emptyBeacon,
  HISTORY_LENGTH,
  release,
} from "../../src/beacon/beacon-state.ts";

const root = (letter: string) => letter.repeat(16);
const request = (expected: AdvanceRequest["expected"], epoch: number, letter = "a"): AdvanceRequest => ({
  expected,
  next: { epoch, root: root(letter), publisher: "test" },
});

/** A beacon at epoch 2, generation 2. */
const moved = (): BeaconState => {
  const first = advance(emptyBeacon(), request(null, 1, "a"), 10).state;
  return advance(first, request({ epoch: 1, generation: 1 }, 2, "b"), 20).state;
};

describe("advance", () => {
  it("starts at generation 1", () => {
    const { result } = advance(emptyBeacon(), request(null, 7), 10);
    expect(result).toEqual({
      accepted: true,
      pointer: { publisher: "test", epoch: 7, generation: 1, root: root("a") },
    });
  });

  it("counts on over a change of leader", () => {
    expect(currentPointer(moved())).toMatchObject({ epoch: 2, generation: 2 });
  });

  it("takes an older root again as a new generation: a rollback", () => {
    const { state, result } = advance(moved(), request({ epoch: 2, generation: 2 }, 2, "a"), 30);
    expect(result).toMatchObject({ accepted: true, pointer: { generation: 3, root: root("a") } });
    expect(state.history.map(({ pointer, at }) => [pointer.generation, pointer.root[0], at])).toEqual([
      [3, "a", 30],
      [2, "b", 20],
      [1, "a", 10],
    ]);
  });

  it.each([
    ["an ex-leader that saw the current pointer", request({ epoch: 2, generation: 2 }, 1), "stale-epoch"],
    ["a slow writer", request({ epoch: 1, generation: 1 }, 2), "stale-expectation"],
    ["a later leader that saw an older pointer", request({ epoch: 1, generation: 1 }, 3), "stale-expectation"],
    ["a writer that saw none", request(null, 2), "stale-expectation"],
    ["a writer from the future", request({ epoch: 2, generation: 3 }, 2), "stale-expectation"],
    [
      "another publisher",
      { ...request({ epoch: 2, generation: 2 }, 2), next: { epoch: 2, root: root("c"), publisher: "other" } },
      "other-publisher",
    ],
  ])("refuses %s", (_, refused, reason) => {
    const state = moved();
    const answer = advance(state, refused, 30);
    expect(answer).toEqual({ state, result: { accepted: false, pointer: currentPointer(state), reason } });
  });

  it("never goes back, whatever is asked", () => {
    const anyRequest = fc.record({
      expected: fc.option(fc.record({ epoch: fc.nat(4), generation: fc.nat(12) })),
      next: fc.record({
        epoch: fc.nat(4),
        root: fc.constantFrom("a", "b").map(root),
        publisher: fc.constantFrom("test", "other"),
      }),
    });
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 200, size: "max" }), (requests) => {
        let state = emptyBeacon();
        for (const [at, request] of requests.entries()) {
          const before = currentPointer(state);
          const { state: after, result } = advance(state, request, at);
          const pointer = currentPointer(after);
          if (result.accepted) {
            expect(pointer?.generation).toBe((before?.generation ?? 0) + 1);
            expect(pointer?.epoch).toBeGreaterThanOrEqual(before?.epoch ?? 0);
          } else {
            expect(after).toBe(state);
          }
          state = after;
        }
      }),
    );
  });

  it("keeps a bounded history", () => {
    let state = emptyBeacon();
    for (let count = 0; count < HISTORY_LENGTH + 5; count++) {
      const pointer = currentPointer(state);
      const expected = pointer && { epoch: pointer.epoch, generation: pointer.generation };
      state = advance(state, request(expected, 1), count).state;
    }
    expect(state.history).toHaveLength(HISTORY_LENGTH);
    expect(state.history[0]?.pointer.generation).toBe(HISTORY_LENGTH + 5);
  });
});

describe("advanceRequestSchema", () => {
  it.each([
    ["a root that is no hash", { ...request(null, 1), next: { epoch: 1, root: "../x", publisher: "test" } }],
    ["an epoch that is no whole number", request(null, 1.5)],
    ["no publisher", { ...request(null, 1), next: { epoch: 1, root: root("a"), publisher: "" } }],
    ["nothing", undefined],
  ])("refuses %s", (_, value) => {
    expect(advanceRequestSchema.safeParse(value).success).toBe(false);
  });
});

describe("claim", () => {
  it("issues an epoch later than any before, whoever had it, and at least what is asked for", () => {
    expect(claim(moved(), 0).epoch).toBe(3);
    expect(claim(moved(), 9).epoch).toBe(9);
    expect(claim(claim(moved(), 9).state, 0).epoch).toBe(10);
  });

  it("fences whoever leads by an older one, even if nobody has published since", () => {
    const { state, epoch } = claim(moved(), 0);
    const seen = { epoch: 2, generation: 2 };
    expect(advance(state, request(seen, 2), 30).result).toMatchObject({ accepted: false, reason: "stale-epoch" });
    expect(advance(state, request(seen, epoch), 30).result).toMatchObject({ accepted: true });
  });

  it("of two writers lets only the later publish, in any order of claims and publishes", () => {
    const steps = fc.array(fc.record({ writer: fc.nat(2), does: fc.constantFrom("claim", "look", "publish") }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (taken) => {
        let state = emptyBeacon();
        const epochs = [0, 0, 0];
        const seen: AdvanceRequest["expected"][] = [null, null, null];
        let latest = 0;
        for (const [at, { writer, does }] of taken.entries()) {
          const pointer = currentPointer(state);
          if (does === "look") seen[writer] = pointer && { epoch: pointer.epoch, generation: pointer.generation };
          if (does === "claim") {
            const claimed = claim(state, 0);
            expect(claimed.epoch).toBeGreaterThan(latest);
            [state, epochs[writer], latest] = [claimed.state, claimed.epoch, claimed.epoch];
          }
          if (does === "publish") {
            const { state: after, result } = advance(state, request(seen[writer] ?? null, epochs[writer] ?? 0), at);
            if (result.accepted) expect(epochs[writer]).toBe(latest);
            state = after;
          }
        }
      }),
    );
  });
});

describe("a pinned pointer", () => {
  const seen = { epoch: 2, generation: 2 };
  const pinned = () => advance(moved(), { ...request(seen, 2, "a"), pin: { reason: "rollback to 1" } }, 30).state;

  it("stays until it is released", () => {
    const expected = { epoch: 2, generation: 3 };
    expect(advance(pinned(), request(expected, 2, "c"), 40).result).toMatchObject({
      accepted: false,
      reason: "pinned",
    });
    expect(advance(release(pinned()), request(expected, 2, "c"), 40).result).toMatchObject({ accepted: true });
  });

  it("moves by another rollback", () => {
    const again = { ...request({ epoch: 2, generation: 3 }, 2, "b"), pin: { reason: "rollback to 2" } };
    const { state, result } = advance(pinned(), again, 40);
    expect(result.accepted).toBe(true);
    expect(state.pin).toEqual({ reason: "rollback to 2", at: 40 });
  });

  it("outlasts claims", () => {
    expect(claim(pinned(), 0).state.pin).toEqual({ reason: "rollback to 1", at: 30 });
  });
});
