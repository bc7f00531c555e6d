import { EventEmitter } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { reportDev } from "../../cli/commands/report-dev.ts";
import type { DevEvents } from "../../cli/dev/dev-session.ts";
import type { Dev } from "../../cli/dev/start-dev.ts";
import type { PrintableProblem } from "../../cli/print/format-problem.ts";
import { emptyTable } from "../../src/table/empty-table.ts";

let lines: string[] = [];
beforeEach(() => {
  lines = [];
  const keep = (text: string): void => void lines.push(...stripVTControlCharacters(text).trimEnd().split("\n"));
  vi.spyOn(console, "log").mockImplementation(keep);
  vi.spyOn(console, "error").mockImplementation(keep);
});
afterEach(() => vi.restoreAllMocks());

const problem = (message: string): PrintableProblem => ({ code: "invalid-field", severity: "error", message });
const [one, two, three] = [problem("one"), problem("two"), problem("three")];

const empty = {
  doors: () => [],
  hatches: () => [],
  table: emptyTable,
  problems: () => [],
  amount: () => ({ files: 1, objects: 1 }),
  events: new EventEmitter<DevEvents>(),
} satisfies Partial<Dev>;

it.each([
  ["no manifest", { files: 0, objects: 0 }, ["d: there are no manifests in it"]],
  ["nothing that is read", { files: 2, objects: 0 }, ["d: no object in it is of a kind that Sluice reads"]],
  ["something", { files: 2, objects: 1 }, []],
])("says why there are no routes: %s", (_, amount, told) => {
  reportDev({ ...empty, amount: () => amount }, { dir: "d", watch: false });
  expect(lines).toContain("No routes: every request gets 404.");
  expect(lines.filter((line) => line.startsWith("d: "))).toEqual(told.map((line) => expect.stringContaining(line)));
});

it("leaves what cannot be read for errors to their own words", () => {
  reportDev({ ...empty, amount: () => ({ files: 1, objects: 0 }), problems: () => [one] }, { dir: "d", watch: false });
  expect(lines.filter((line) => line.startsWith("d: "))).toEqual([]);
});

it.each<[string, PrintableProblem[], PrintableProblem[], string[]]>([
  ["the same as before", [one], [one], []],
  ["one more", [one], [one, two], ["error[invalid-field]: two"]],
  ["the last one solved", [one], [], ["No problems left."]],
  ["one of several solved", [one, two, three], [two, three], ["Problems left: 2."]],
  ["one in the place of another", [one], [two], ["error[invalid-field]: two"]],
])("tells after an edit what is new and how many are left: %s", (_, before, after, told) => {
  let problems = before;
  const events = new EventEmitter<DevEvents>();
  reportDev({ ...empty, problems: () => problems, events }, { dir: "d", watch: true });
  lines = [];
  problems = after;
  events.emit("loaded", { table: emptyTable(), problems });
  expect(lines).toEqual(told);
});
