import { expect, it } from "vitest";
import { clipProblem } from "../../sync-agent/translate/clip-problem.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";

const problem: Problem = {
  code: "invalid-field",
  severity: "error",
  object: { apiVersion: "v1", kind: "Service", namespace: "default", name: "a" },
  path: ["spec"],
  message: "It is wrong",
};

it("leaves what can be shown as it is", () => {
  expect(clipProblem(problem)).toBe(problem);
});

it.each([
  ["message", { ...problem, message: "m".repeat(10_000) }],
  ["hint", { ...problem, hint: "h".repeat(10_000) }],
  ["message that is cut within a character", { ...problem, message: `${"m".repeat(499)}${"\u{1f600}".repeat(99)}` }],
])("cuts a long %s and says so", (_, long) => {
  const { message, hint } = clipProblem(long);
  const texts = [message, ...(hint === undefined ? [] : [hint])];
  for (const text of texts) {
    expect(text.length).toBeLessThan(600);
    expect(text.isWellFormed()).toBe(true);
  }
  expect(texts.some((text) => text.endsWith("…"))).toBe(true);
  expect({ ...clipProblem(long), message: "", hint: "" }).toEqual({ ...problem, message: "", hint: "" });
});
