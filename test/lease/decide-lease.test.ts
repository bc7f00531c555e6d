import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideLease, type LeaseQuestion } from "../../sync-agent/lease/decide-lease.ts";
import { isSameRecord, type LeaseRecord, readRecord, toMicroTime } from "../../sync-agent/lease/lease-record.ts";

const record = (some: Partial<LeaseRecord> = {}): LeaseRecord => ({
  holder: "a",
  durationMs: 15_000,
  transitions: 3,
  acquireTime: "then",
  renewTime: "later",
  ...some,
});
const question = (some: Partial<LeaseQuestion>): LeaseQuestion => ({
  observed: { record: record(), atMs: 1000 },
  nowMs: 2000,
  identity: "me",
  isLeading: false,
  leaseDurationMs: 20_000,
  ...some,
});

test.each([
  ["no Lease", { observed: undefined }, { action: "acquire", transitions: 0, acquireTime: undefined }],
  ["no Lease any more", { observed: undefined, isLeading: true }, { action: "renew", transitions: 0 }],
  ["nobody's", { observed: { record: record({ holder: "" }), atMs: 1999 } }, { action: "acquire", transitions: 4 }],
  ["another's", {}, { action: "wait", untilMs: 16_000 }],
  ["another's, to the last moment", { nowMs: 15_999.9 }, { action: "wait", untilMs: 16_000 }],
  ["another's, over", { nowMs: 16_000 }, { action: "acquire", transitions: 4, acquireTime: undefined }],
  [
    "another's of no duration",
    { observed: { record: record({ durationMs: undefined }), atMs: 1000 } },
    { action: "wait", untilMs: 21_000 },
  ],
  ["taken from me", { isLeading: true }, { action: "lost" }],
  ["taken from me, and over", { isLeading: true, nowMs: 99_000 }, { action: "lost" }],
  ["mine", { identity: "a", isLeading: true }, { action: "renew", transitions: 3, acquireTime: "then" }],
  ["mine, of before", { identity: "a" }, { action: "acquire", transitions: 3, acquireTime: "then" }],
])("a Lease that is %s", (_, some, expected) => {
  expect(decideLease(question(some as Partial<LeaseQuestion>))).toMatchObject(expected);
});

test("nobody takes a Lease that another was seen to renew within its duration, whatever clocks and counts say", () => {
  const millis = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(
      millis,
      millis,
      fc.integer({ min: 1000, max: 60_000 }),
      fc.nat(),
      (atMs, since, durationMs, transitions) => {
        const observed = { record: record({ durationMs, transitions }), atMs };
        const { action } = decideLease(question({ observed, nowMs: atMs + since }));
        expect(action).toBe(atMs + since < atMs + durationMs ? "wait" : "acquire");
      },
    ),
  );
});

describe("a Lease as it is read", () => {
  const metadata = { name: "agent", namespace: "sluice" };
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata } as const;

  test.each([
    ["nothing", {}, { holder: "", durationMs: undefined, transitions: 0 }],
    ["nulls", { holderIdentity: null, leaseDurationSeconds: null, leaseTransitions: null }, { holder: "" }],
    ["no time at all", { holderIdentity: "a", leaseDurationSeconds: 0 }, { holder: "a", durationMs: undefined }],
    [
      "all",
      { holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 2 },
      { durationMs: 15_000, transitions: 2 },
    ],
  ])("says %s", (_, spec, expected) => {
    expect(readRecord({ ...lease, spec })).toMatchObject(expected);
  });

  test("is another one with each field that differs", () => {
    expect(isSameRecord(record(), record())).toBe(true);
    const others = [{ holder: "b" }, { durationMs: 1 }, { transitions: 4 }, { acquireTime: "x" }, { renewTime: "x" }];
    for (const other of others) expect(isSameRecord(record(), record(other))).toBe(false);
  });
});

test("times have six decimals", () => {
  expect(toMicroTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toBe("2026-01-02T03:04:05.006000Z");
});
