import { expect, it } from "vitest";
import { createCounters } from "../../src/observe/counters.ts";

it("counts by event and subject", () => {
  const counters = createCounters();
  for (const [event, subject] of [
    ["mirrored", "a"],
    ["mirrored", "a"],
    ["mirrored", "b"],
    ["failed-over", "a"],
  ] as const) {
    counters.count(event, subject);
  }
  expect(counters.read()).toEqual({ mirrored: { a: 2, b: 1 }, "failed-over": { a: 1 } });
});

it("is bounded, and loses no count", () => {
  const counters = createCounters();
  for (let i = 0; i < 1_500; i++) counters.count("mirrored", `service-${i}`);
  counters.count("mirrored", "service-0");
  const { mirrored = {} } = counters.read();
  expect(Object.keys(mirrored)).toHaveLength(1_001);
  expect(mirrored["service-0"]).toBe(2);
  expect(Object.values(mirrored).reduce((sum, count) => sum + count)).toBe(1_501);
});
