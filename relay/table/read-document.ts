import { FEED_VERSION, type FeedDocument, feedDocumentSchema } from "../../src/feed/feed-document.ts";
import { closeUnread, describeUnread, isUnreadPart, type UnreadEntry } from "../../src/table/close-unread.ts";

/** A document, in which what this relay cannot read refuses what it is asked for. */
export interface ReadDocument {
  document: FeedDocument;
  unread: readonly UnreadEntry[];
}

const nothing: readonly UnreadEntry[] = [];

/**
 * Reads a line of the feed. Of an agent that is newer than this relay it may tell of what is not known here: an entry of
 * the table is closed by itself. A part of the table, or a field of the document, that is not known is a reason to take
 * nothing of it, since what is left out might be what guards the rest.
 */
export function readDocument(line: string): ReadDocument | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { problem: "a line of the feed is not JSON" };
  }
  // A newer format may have fields that this one does not know: it is told apart before it is read.
  if (isObject(value) && Number(value.version) > FEED_VERSION) {
    return { problem: `the feed has format ${value.version}, this relay reads ${FEED_VERSION}: update the relay` };
  }
  const parsed = feedDocumentSchema.safeParse(value);
  if (parsed.success) return { document: parsed.data, unread: nothing };
  const closed = closeEntries(value);
  const again = closed.unread.length === 0 ? parsed : feedDocumentSchema.safeParse(closed.value);
  if (again.success) return { document: again.data, unread: closed.unread };
  const isNewer = again.error.issues[0]?.code === "unrecognized_keys";
  const hint = isNewer ? ": this relay is older than the agent, update it" : "";
  return { problem: `a document of the feed is malformed, ${describeUnread(again.error)}${hint}` };
}

function closeEntries(value: unknown): { value: unknown; unread: UnreadEntry[] } {
  const unread: UnreadEntry[] = [];
  const close = (part: string, entries: unknown): unknown => {
    if (!isUnreadPart(part)) return entries;
    const closed = closeUnread(part, entries);
    unread.push(...closed.unread);
    return closed.entries;
  };
  if (!isObject(value)) return { value, unread };
  const { table, changes } = value;
  if (isObject(table)) return { value: { ...value, table: mapFields(table, close) }, unread };
  if (!isObject(changes)) return { value, unread };
  const closeChange = (part: string, change: unknown): unknown =>
    isObject(change) && isUnreadPart(part) ? { ...change, put: close(part, change.put) } : change;
  return { value: { ...value, changes: mapFields(changes, closeChange) }, unread };
}

const mapFields = (fields: Record<string, unknown>, map: (name: string, value: unknown) => unknown): unknown =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, map(name, value)]));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
