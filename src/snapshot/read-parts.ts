import type * as z from "zod/mini";
import { closeUnread, type UnreadEntry, type UnreadPart } from "../table/close-unread.ts";

/** What was read, and which entries of it refuse since they could not be read as they were written. */
export interface ReadParts<T> {
  data: T;
  unread: readonly UnreadEntry[];
}

const nothing: readonly UnreadEntry[] = [];

/**
 * Reads what has parts of a table among its fields. Of an agent that is newer than this Worker, what is not known here is
 * closed entry by entry, so that all others are served on.
 *
 * @throws `ZodError` for what cannot be read even so
 */
export function readParts<T>(schema: z.ZodMiniType<T>, value: unknown, parts: readonly UnreadPart[]): ReadParts<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { data: parsed.data, unread: nothing };
  if (typeof value !== "object" || value === null) throw parsed.error;
  const fields: Record<string, unknown> = { ...value };
  const unread: UnreadEntry[] = [];
  for (const part of parts) {
    const closed = closeUnread(part, fields[part]);
    unread.push(...closed.unread);
    fields[part] = closed.entries;
  }
  return { data: schema.parse(fields), unread };
}
