import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { closeUnread, isUnreadPart } from "../../src/table/close-unread.ts";
import { tableSchema } from "../../src/table/table.ts";
import { TABLE_VERSION } from "../../src/table/table-version.ts";
import { sampleEntries } from "./sample-entries.ts";

/**
 * What agents of this format write, at least and at most. A field that is added later must be one that may be left out, or relays
 * and Workers close everything that an older agent publishes; else the format's version has to be raised, and this
 * record with it.
 */
const recorded: Record<string, unknown> = JSON.parse(
  await readFile(new URL(`format-${TABLE_VERSION}.json`, import.meta.url), "utf8"),
);

it.each(Object.entries(recorded))("what an older agent writes is read: %s", (name, entry) => {
  const [part = ""] = name.split(" ");
  const schema = tableSchema.shape[part as keyof typeof tableSchema.shape];
  const isList = "element" in schema.def;
  const { error } = schema.safeParse(isList ? [entry] : { a: entry });
  expect(error?.issues).toBeUndefined();
  if (isUnreadPart(part)) expect(closeUnread(part, { a: entry }).unread).toEqual([]);
});

it("every kind of entry is on record", () => {
  const missing = Object.entries(sampleEntries()).filter(([name]) => !Object.hasOwn(recorded, name));
  expect(missing, `add to test/table/format-${TABLE_VERSION}.json`).toEqual([]);
});
