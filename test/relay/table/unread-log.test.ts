import { expect, it } from "vitest";
import { createUnreadLog } from "../../../relay/table/unread-log.ts";
import type { UnreadEntry } from "../../../src/table/close-unread.ts";

const entriesOf = (...entries: Omit<UnreadEntry, "value">[]): ReadonlyMap<string, UnreadEntry> =>
  new Map(entries.map((entry) => [`${entry.part} ${entry.name}`, { ...entry, value: {} }]));

const strict = { part: "tlsOptions", name: "strict", reason: "the unknown field crls at clientAuth" } as const;
const mtls = { part: "serversTransports", name: "mtls", reason: "the unknown field path at spiffe" } as const;

it("names each entry once, with what was not understood, for as long as it cannot be read", () => {
  const lines: string[] = [];
  const note = createUnreadLog((line) => lines.push(line));
  const told = (...entries: Omit<UnreadEntry, "value">[]): string[] => {
    note(entriesOf(...entries));
    return lines.splice(0).map((line) => line.replace(/^.*cannot read of (.*), until it is updated/, "$1"));
  };
  expect(told()).toEqual([]);
  expect(told(strict)).toEqual(["tlsOptions: strict (the unknown field crls at clientAuth)"]);
  expect(told(strict, mtls)).toEqual(["serversTransports: mtls (the unknown field path at spiffe)"]);
  expect(told(mtls, strict)).toEqual([]);
  expect(told(mtls, { ...strict, reason: "other" })).toEqual(["tlsOptions: strict (other)"]);
  expect(told(mtls)).toEqual([]);
  expect(told(mtls, strict)).toEqual(["tlsOptions: strict (the unknown field crls at clientAuth)"]);
});

it("counts those that are too many to be named", () => {
  const lines: string[] = [];
  const many = Array.from({ length: 2_000 }, (_, index) => ({ ...mtls, name: `t${index}`, reason: "new" }));
  createUnreadLog((line) => lines.push(line))(entriesOf(...many, strict));
  expect(lines).toEqual([
    expect.stringMatching(
      /of serversTransports, .*: t0 \(new\), t1 \(new\), t2 \(new\), t3 \(new\), t4 \(new\), and 1995 more$/,
    ),
    expect.stringContaining("strict (the unknown field crls at clientAuth)"),
  ]);
});
