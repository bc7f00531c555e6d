import { closeUnread, isUnreadPart, type UnreadEntry } from "../table/close-unread.ts";
import { type RouteLeaf, routeLeafSchema } from "../table/snapshot.ts";

/**
 * Reads a leaf of routes. Of an agent that is newer than this Worker, what is not known here is closed by itself, so
 * that the other hosts of the leaf are served on.
 *
 * @throws `ZodError` for what is not such a leaf
 */
export function readRouteLeaf(text: string): { leaf: RouteLeaf; unread: readonly UnreadEntry[] } {
  const value: unknown = JSON.parse(text);
  const parsed = routeLeafSchema.safeParse(value);
  if (parsed.success) return { leaf: parsed.data, unread: [] };
  if (typeof value !== "object" || value === null) throw parsed.error;
  const unread: UnreadEntry[] = [];
  const parts = Object.entries(value).map(([part, entries]) => {
    if (!isUnreadPart(part)) return [part, entries] as const;
    const closed = closeUnread(part, entries);
    unread.push(...closed.unread);
    return [part, closed.entries] as const;
  });
  return { leaf: routeLeafSchema.parse(Object.fromEntries(parts)), unread };
}
