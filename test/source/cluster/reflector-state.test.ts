import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ApiError, type ApiErrorCode } from "../../../sync-agent/source/cluster/api-client.ts";
import { clusterTimes as times } from "../../../sync-agent/source/cluster/cluster-times.ts";
import {
  firstState,
  nextState,
  type Outcome,
  type ReflectorState,
} from "../../../sync-agent/source/cluster/reflector-state.ts";

const watching = (some: Partial<ReflectorState> = {}): ReflectorState =>
  ({
    step: "watch",
    waitMs: 0,
    failures: 0,
    refusals: 0,
    pageSize: 500,
    resourceVersion: "10",
    relistAt: 1e9,
    ...some,
  }) as ReflectorState;

const failure = (
  code: ApiErrorCode,
  status?: number,
  some: { retryAfterMs?: number; openMs?: number } = {},
): Outcome => ({
  type: "failed",
  error: new ApiError(code, "no", { ...(status && { status }), ...some }),
  resourceVersion: undefined,
  openMs: some.openMs ?? 0,
});

const next = (state: ReflectorState, outcome: Outcome, random = 0.5, now = 0): ReflectorState =>
  nextState(state, outcome, { now, random }, times);

describe("after what is no failure", () => {
  test("a list is followed by a watch from its version, and by another list half an hour later", () => {
    const state = next(firstState(), { type: "listed", resourceVersion: "7" }, 0.5, 1000);
    expect(state).toMatchObject({ step: "watch", waitMs: 0, resourceVersion: "7", relistAt: 1000 + times.relistMs });
  });

  test.each([0, 0.999])("the next list is spread (%d)", (random) => {
    const state = next(firstState(), { type: "listed", resourceVersion: "7" }, random);
    expect(state.step === "watch" && Math.abs(state.relistAt - times.relistMs)).toBeGreaterThan(times.relistMs / 7);
  });

  test("a watch that ended goes on at once from where it came to", () => {
    const state = next(watching({ failures: 3 }), { type: "ended", resourceVersion: "20", openMs: 5000 });
    expect(state).toMatchObject({ step: "watch", waitMs: 0, resourceVersion: "20", failures: 0 });
  });

  test("a watch that ended when a list is due is followed by it", () => {
    const state = next(
      watching({ relistAt: 50 } as never),
      { type: "ended", resourceVersion: "20", openMs: 5000 },
      0.5,
      51,
    );
    expect(state).toMatchObject({ step: "list", waitMs: 0 });
  });

  test("a watch that ends at once and says nothing is a failure", () => {
    let state = watching();
    for (let turn = 0; turn < 10; turn += 1) state = next(state, { type: "ended", resourceVersion: "10", openMs: 1 });
    expect(state).toMatchObject({ step: "watch", failures: 10, waitMs: times.longestBackoffMs / 2 });
  });
});

describe("after a failure", () => {
  const cases: [name: string, from: ReflectorState, outcome: Outcome, expected: Partial<ReflectorState>][] = [
    ["410 to a watch", watching(), { type: "expired", openMs: 60_000 }, { step: "list", failures: 0 }],
    ["410 to a watch again", watching({ failures: 1 }), { type: "expired", openMs: 0 }, { step: "list", failures: 2 }],
    ["410 to a page", firstState(), { type: "expired", openMs: 0 }, { step: "list", failures: 1, pageSize: 2000 }],
    [
      "a version that went back",
      watching(),
      { type: "untrusted", error: new ApiError("refused", ""), names: { namespace: "", name: "a" } },
      { step: "list", failures: 1 },
    ],
    ["a lost connection", watching(), failure("transient"), { step: "watch", failures: 1, resourceVersion: "10" }],
    [
      "many lost connections",
      watching({ failures: 50, refusals: 0 }),
      failure("transient"),
      { step: "watch", failures: 51 },
    ],
    ["500 to a watch", watching(), failure("transient", 500), { step: "watch", refusals: 1 }],
    ["500 for the third time", watching({ refusals: 2 }), failure("transient", 500), { step: "list" }],
    ["429 however often", watching({ refusals: 2 }), failure("transient", 429), { step: "watch", refusals: 2 }],
    ["401 however often", watching({ refusals: 2 }), failure("unauthorized", 401), { step: "watch", refusals: 2 }],
    ["400: the version means nothing to the server", watching(), failure("refused", 400), { step: "list" }],
    ["403 to a watch", watching(), failure("forbidden", 403), { step: "list" }],
    ["500 to a list", firstState(), failure("transient", 500), { step: "list", failures: 1 }],
    ["a page that is too large", firstState(), failure("refused"), { step: "list", pageSize: 125 }],
    [
      "a failure after health",
      watching({ failures: 9 }),
      failure("transient", undefined, { openMs: 60_000 }),
      { failures: 1 },
    ],
  ];
  test.each(cases)("%s", (_, from, outcome, expected) => {
    expect(next(from, outcome)).toMatchObject(expected);
  });

  test("Retry-After is honoured, within reason", () => {
    expect(next(watching(), failure("transient", 429, { retryAfterMs: 7_000 })).waitMs).toBe(7_000);
    expect(next(firstState(), failure("transient", 503, { retryAfterMs: 1e9 })).waitMs).toBe(120_000);
  });

  test("what stays forbidden is tried slowly", () => {
    expect(next({ ...firstState(), failures: 5 }, failure("forbidden", 403)).waitMs).toBe(45_000);
    expect(next({ ...firstState(), failures: 1 }, failure("forbidden", 403)).waitMs).toBeLessThan(1_000);
  });

  test("waits double up to the longest, with full jitter", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
        const { waitMs } = next(watching({ failures }), failure("transient"), random);
        expect(waitMs).toBe(random * Math.min(times.longestBackoffMs, times.backoffMs * 2 ** failures));
      }),
    );
  });
});
