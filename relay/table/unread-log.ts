import type { UnreadEntry } from "../../src/table/close-unread.ts";

/** Entries that a line of the log names. */
const MOST_NAMED = 5;

/** Says which entries of the table are closed because this relay cannot read them, once for each set of them. */
export function createUnreadLog(warn: (message: string) => void): (unread: ReadonlyMap<string, UnreadEntry>) => void {
  let told = "";
  return (unread) => {
    const keys = [...unread.keys()].sort().join("\n");
    if (keys === told) return;
    told = keys;
    if (unread.size === 0) return;
    const named = [...unread.values()]
      .slice(0, MOST_NAMED)
      .map(({ part, name, reason }) => `${name} of ${part} (${reason})`);
    const more = unread.size > MOST_NAMED ? `, and ${unread.size - MOST_NAMED} more` : "";
    warn(
      `this relay is older than the agent and closes what it cannot read of its table, until it is updated: ${named.join(", ")}${more}`,
    );
  };
}
