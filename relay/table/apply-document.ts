import { createHash } from "node:crypto";
import { FEED_VERSION, type FeedDocument, type FeedState, feedDocumentSchema } from "../../src/feed/feed-document.ts";
import { applyChanges } from "../../src/table/table-changes.ts";
import { TableDigest } from "../../src/table/table-digest.ts";

/** The table that a relay holds, with the digest that follows it. */
export interface HeldTable {
  state: FeedState;
  digest: TableDigest;
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

export const holdTable = (state: FeedState): HeldTable => ({ state, digest: new TableDigest(sha256, state.table) });

/** Reads a line of the feed. */
export function readDocument(line: string): FeedDocument | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { problem: "a line of the feed is not JSON" };
  }
  // A newer format may have fields that this one does not know: it is told apart before it is read.
  if (typeof value === "object" && value !== null && "version" in value && Number(value.version) > FEED_VERSION) {
    return { problem: `the feed has format ${value.version}, this relay reads ${FEED_VERSION}: update the relay` };
  }
  const parsed = feedDocumentSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return {
    problem: `a document of the feed is malformed at ${issue?.path.join(".") || "its start"}: ${issue?.message}`,
  };
}

/**
 * Takes a document of the feed. A table of an agent that has lost touch with its cluster is not put in the place of one
 * that was known to be right later. What came from an agent whose clock was ahead proves nothing of the kind, or
 * nobody would be believed until that time has come.
 *
 * @param now milliseconds since 1970
 */
export function applyDocument(held: HeldTable | undefined, document: FeedDocument, now: number): Applied {
  if (held !== undefined && document.freshAt < held.state.freshAt - TOLERANCE_MS) {
    const isPlausible = held.state.freshAt <= now + TOLERANCE_MS;
    if (isPlausible) return { outcome: "older" };
  }
  switch (document.type) {
    case "full": {
      const { id, pointer, freshAt, table } = document;
      const next = holdTable({ id, pointer, freshAt, table });
      if (next.digest.id !== id) return { outcome: "unusable", reason: "the table is not what its digest says" };
      return { outcome: "taken", held: next, isNewTable: held?.state.id !== id };
    }
    case "changes": {
      if (held?.state.id !== document.from)
        return { outcome: "unusable", reason: "the changes are those of another table" };
      const { id, pointer, freshAt, changes } = document;
      held.digest.update(changes);
      if (held.digest.id !== id)
        return { outcome: "unusable", reason: "the changes do not make the table that they say" };
      const table = applyChanges(held.state.table, changes);
      return {
        outcome: "taken",
        held: { state: { id, pointer, freshAt, table }, digest: held.digest },
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
