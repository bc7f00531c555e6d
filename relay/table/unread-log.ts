import type { UnreadEntry } from "../../src/table/close-unread.ts";

/** Entries of one part of the table that a line of the log names. */
const MOST_NAMED = 5;

/**
 * Says which entries of the table are closed because this relay cannot read them: each once for as long as it is, in a
 * line for each part of the table.
 */
export function createUnreadLog(warn: (message: string) => void): (unread: ReadonlyMap<string, UnreadEntry>) => void {
  let told: ReadonlyMap<string, UnreadEntry> = new Map();
  return (unread) => {
    if (unread === told) return;
    const fresh = [...unread].filter(([key, { reason }]) => told.get(key)?.reason !== reason).map(([, entry]) => entry);
    told = unread;
    for (const part of new Set(fresh.map((entry) => entry.part))) {
      const entries = fresh.filter((entry) => entry.part === part);
      const named = entries.slice(0, MOST_NAMED).map(({ name, reason }) => `${name} (${reason})`);
      const more = entries.length > MOST_NAMED ? `, and ${entries.length - MOST_NAMED} more` : "";
      warn(
        `this relay is older than the agent and closes what it cannot read of ${part}, until it is updated: ${named.join(", ")}${more}`,
      );
    }
  };
}
