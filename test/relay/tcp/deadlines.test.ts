import * as fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Deadline, deadlinesOf } from "../../../relay/tcp/handle/deadlines.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Step = { type: "add" } | { type: "meet"; which: number } | { type: "wait"; ms: number };
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ type: "add" }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant("meet" as const), which: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 80 }) }) },
  ),
  { maxLength: 400, size: "max" },
);

it("each that is not met in time expires once, at its time, and no other", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 5, max: 120 }), (list, durationMs) => {
      const deadlines = deadlinesOf(durationMs);
      const all: { deadline: Deadline; addedAt: number; isMet: boolean; expiredAt: number[] }[] = [];
      for (const step of list) {
        if (step.type === "add") {
          const expiredAt: number[] = [];
          const deadline = deadlines.add(() => expiredAt.push(performance.now()));
          all.push({ deadline, addedAt: performance.now(), isMet: false, expiredAt });
        } else if (step.type === "wait") vi.advanceTimersByTime(step.ms);
        else {
          const one = all[step.which % Math.max(all.length, 1)];
          if (one === undefined) continue;
          one.isMet ||= one.expiredAt.length === 0;
          deadlines.meet(one.deadline);
        }
      }
      vi.advanceTimersByTime(durationMs + 1);
      for (const { addedAt, isMet, expiredAt } of all) {
        expect(expiredAt).toHaveLength(isMet ? 0 : 1);
        for (const at of expiredAt) {
          expect(at).toBeGreaterThan(addedAt + durationMs - 1);
          expect(at).toBeLessThanOrEqual(addedAt + durationMs + 1);
        }
      }
    }),
    { numRuns: 200 },
  );
});

it("of another duration do not wait for each other", () => {
  const order: string[] = [];
  deadlinesOf(1_000).add(() => order.push("long"));
  deadlinesOf(10).add(() => order.push("short"));
  vi.advanceTimersByTime(11);
  expect(order).toEqual(["short"]);
  vi.advanceTimersByTime(1_000);
  expect(order).toEqual(["short", "long"]);
});
