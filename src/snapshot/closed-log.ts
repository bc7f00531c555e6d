import type { Report } from "../observe/report.ts";
import type { UnreadEntry } from "../table/close-unread.ts";
import { fnv1a32 } from "./fnv1a32.ts";

/** Entries that a line of the log names. */
const MOST_NAMED = 5;
/** Leaves that it is known of what was said of them. */
const MOST_KNOWN = 4_096;

/**
 * Says which entries of a leaf or root are closed because this Worker cannot read them: one line for a leaf, however many they
 * are, and none for a leaf that has the same ones as one before, be it a later form of it or itself, read again.
 */
export function createClosedLog(report: Report): (key: string, unread: readonly UnreadEntry[]) => void {
  const told = new Set<number>();
  return (key, unread) => {
    if (unread.length === 0) return;
    const entries = unread.map(({ part, name, reason }) => `${name} of ${part} (${reason})`);
    const fingerprint = fnv1a32(entries.join("\n"));
    if (told.has(fingerprint)) return;
    if (told.size >= MOST_KNOWN) told.clear();
    told.add(fingerprint);
    report({ event: "entry-closed", key, count: entries.length, first: entries.slice(0, MOST_NAMED) });
  };
}
