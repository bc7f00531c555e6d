import { createHash } from "node:crypto";
import type { FeedState } from "../../src/feed/feed-document.ts";
import type { UnreadEntry } from "../../src/table/close-unread.ts";
import { applyChanges, type TableChanges, tableParts } from "../../src/table/table-changes.ts";
import { TableDigest } from "../../src/table/table-digest.ts";
import type { ReadDocument } from "./read-document.ts";

/** The table that a relay holds, with the digest that follows it: that of what the agent wrote. */
export interface HeldTable {
  state: FeedState;
  digest: TableDigest;
  /** What was written where the table has an entry that refuses, since this relay could not read it. */
  unread: ReadonlyMap<string, UnreadEntry>;
}

/**
 * What a document of the feed makes of what is held. `older`: the agent knows less than was known already, so nothing
 * of it is taken. `unusable`: it does not fit, and all must be asked for anew.
 */
export type Applied =
  | { outcome: "taken"; held: HeldTable; isNewTable: boolean }
  | { outcome: "older" }
  | { outcome: "unusable"; reason: string };

/** Clocks of two machines differ by less, and so do two healthy watches. */
const TOLERANCE_MS = 5_000;

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

/** @param unread the entries of the table that refuse, because they could not be read as they were written */
export function holdTable(state: FeedState, unread: readonly UnreadEntry[]): HeldTable {
  const digest = new TableDigest(sha256, state.table);
  for (const { part, name, value } of unread) digest.put(part, name, value);
  return { state, digest, unread: new Map(unread.map((entry) => [keyOf(entry), entry])) };
}

const keyOf = ({ part, name }: Pick<UnreadEntry, "part" | "name">): string => `${part} ${name}`;

/** The state as the agent has it, for whoever knows more than this relay. */
export function stateAsWritten({ state, unread }: HeldTable): object {
  if (unread.size === 0) return state;
  const table: Record<string, unknown> = { ...state.table };
  for (const part of new Set([...unread.values()].map((entry) => entry.part))) {
    const written = (name: string, value: unknown): unknown => {
      const entry = unread.get(keyOf({ part, name }));
      return entry === undefined ? value : entry.value;
    };
    const entries = state.table[part];
    table[part] = Array.isArray(entries)
      ? entries.map((value) => written(value.name, value))
      : Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, written(name, value)]));
  }
  return { ...state, table };
}

/**
 * Takes a document of the feed. A table of an agent that has lost touch with its cluster is not put in the place of one
 * that was known to be right later. What came from an agent whose clock was ahead proves nothing of the kind, or
 * nobody would be believed until that time has come.
 *
 * @param now milliseconds since 1970
 */
export function applyDocument(held: HeldTable | undefined, { document, unread }: ReadDocument, now: number): Applied {
  if (held !== undefined && document.freshAt < held.state.freshAt - TOLERANCE_MS) {
    const isPlausible = held.state.freshAt <= now + TOLERANCE_MS;
    if (isPlausible) return { outcome: "older" };
  }
  switch (document.type) {
    case "full": {
      const { id, pointer, freshAt, table } = document;
      const next = holdTable({ id, pointer, freshAt, table }, unread);
      if (next.digest.id !== id) return { outcome: "unusable", reason: "the table is not what its digest says" };
      return { outcome: "taken", held: next, isNewTable: held?.state.id !== id };
    }
    case "changes": {
      if (held?.state.id !== document.from)
        return { outcome: "unusable", reason: "the changes are those of another table" };
      const { id, pointer, freshAt, changes } = document;
      held.digest.update(changes);
      for (const { part, name, value } of unread) held.digest.put(part, name, value);
      if (held.digest.id !== id)
        return { outcome: "unusable", reason: "the changes do not make the table that they say" };
      const table = applyChanges(held.state.table, changes);
      return {
        outcome: "taken",
        held: {
          state: { id, pointer, freshAt, table },
          digest: held.digest,
          unread: unreadAfter(held.unread, changes, unread),
        },
        isNewTable: true,
      };
    }
    case "pointer": {
      if (held?.state.id !== document.id)
        return { outcome: "unusable", reason: "the pointer is that of another table" };
      const { pointer, freshAt } = document;
      return { outcome: "taken", held: { ...held, state: { ...held.state, pointer, freshAt } }, isNewTable: false };
    }
    case "heartbeat":
      if (held === undefined) return { outcome: "unusable", reason: "there was no table before the first heartbeat" };
      return {
        outcome: "taken",
        held: { ...held, state: { ...held.state, freshAt: document.freshAt } },
        isNewTable: false,
      };
  }
}

function unreadAfter(
  before: HeldTable["unread"],
  changes: TableChanges,
  unread: readonly UnreadEntry[],
): HeldTable["unread"] {
  if (before.size === 0 && unread.length === 0) return before;
  const after = new Map(before);
  for (const part of tableParts) {
    const { put, removed } = changes[part];
    for (const name of [...removed, ...Object.keys(put)]) after.delete(`${part} ${name}`);
  }
  for (const entry of unread) after.set(keyOf(entry), entry);
  return after;
}
