import { expect, it } from "vitest";
import { printGoDuration } from "../../src/middleware/go-duration.ts";

it.each([
  [0.2, "1ms"],
  [350, "350ms"],
  [999.1, "1s"],
  [1500, "1.5s"],
  [60_000, "1m0s"],
  [90_250, "1m30.25s"],
  [3_600_000, "1h0m0s"],
  [90_061_001, "25h1m1.001s"],
])("%d ms is %s", (ms, text) => {
  expect(printGoDuration(ms)).toBe(text);
});
