import { expect, test } from "vitest";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { ProblemList } from "../../sync-agent/translate/problem-list.ts";

const problem = (message: string, name = "app"): Problem => ({
  code: "service-no-endpoints",
  severity: "warning",
  object: { apiVersion: "v1", kind: "Service", namespace: "default", name },
  path: ["spec"],
  message,
});
const messages = (list: ProblemList): string[] => list.list().map(({ message }) => message);

test("problems come in the order of their keys, and within one key in their own", () => {
  const list = new ProblemList();
  list.set("b", [problem("3"), problem("4")]);
  list.set("c", [problem("5")]);
  list.set("a", [problem("2"), problem("1")]);
  expect(messages(list)).toEqual(["2", "1", "3", "4", "5"]);
  list.set("b", []);
  list.set("d", []);
  expect(messages(list)).toEqual(["2", "1", "5"]);
});

test("what several found is said once, for as long as one of them finds it", () => {
  const list = new ProblemList();
  list.set("a", [problem("same"), problem("own")]);
  list.set("b", [problem("same"), problem("same", "other")]);
  expect(messages(list)).toEqual(["same", "own", "same"]);
  list.set("a", []);
  expect(messages(list)).toEqual(["same", "same"]);
});

test("the list is the very same one while nothing has changed", () => {
  const list = new ProblemList();
  list.set("a", [problem("1")]);
  const before = list.list();
  list.set("a", [problem("1")]);
  list.set("b", []);
  expect(list.list()).toBe(before);
  list.set("a", [{ ...problem("1"), hint: "another" }]);
  expect(list.list()).not.toBe(before);
});
