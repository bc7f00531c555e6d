import { expect, it } from "vitest";
import type { ReportedEvent } from "../../src/observe/report.ts";
import { createClosedLog } from "../../src/snapshot/closed-log.ts";
import type { UnreadEntry } from "../../src/table/close-unread.ts";

const unread = (...names: string[]): UnreadEntry[] =>
  names.map((name) => ({ part: "routers", name, value: {}, reason: "the unknown field guards at its start" }));

function logged(...leaves: [string, UnreadEntry[]][]): ReportedEvent[] {
  const events: ReportedEvent[] = [];
  const tell = createClosedLog((event) => events.push(event));
  for (const [leaf, entries] of leaves) tell(leaf, entries);
  return events;
}

it("a leaf of which all can be read is not told of", () => {
  expect(logged(["leaf/a", []])).toEqual([]);
});

it("a thousand entries are one line, which names the first", () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `r${i}`);
  const [event, ...others] = logged(["leaf/a", unread(...names)]);
  expect(others).toEqual([]);
  expect(event).toEqual({
    event: "entry-closed",
    key: "leaf/a",
    count: 1_000,
    first: names.slice(0, 5).map((name) => `${name} of routers (the unknown field guards at its start)`),
  });
});

it.each([
  ["the same leaf, read again", "leaf/a"],
  ["a later form of it with the same ones", "leaf/b"],
])("%s is not told of again", (_, key) => {
  expect(logged(["leaf/a", unread("x", "y")], [key, unread("x", "y")])).toHaveLength(1);
});

it("a leaf with another one is told of", () => {
  expect(logged(["leaf/a", unread("x")], ["leaf/b", unread("x", "y")], ["leaf/c", unread("z")])).toMatchObject([
    { key: "leaf/a", count: 1 },
    { key: "leaf/b", count: 2 },
    { key: "leaf/c", count: 1 },
  ]);
});

it("what was told long ago, with thousands of others since, may be told again", () => {
  const leaves = Array.from({ length: 4_097 }, (_, i): [string, UnreadEntry[]] => [`leaf/${i}`, unread(`r${i}`)]);
  expect(logged(...leaves, ["leaf/0", unread("r0")])).toHaveLength(4_098);
});
