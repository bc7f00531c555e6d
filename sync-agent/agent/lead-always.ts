import type { LeaderLease } from "./agent-parts.ts";

/** For the only agent of its publisher (`--no-lease`): it leads from its start to its end. */
export function leadAlways(): LeaderLease {
  let isLeading = false;
  return {
    start({ onStarted }) {
      isLeading = true;
      onStarted({ transitions: 0 });
    },
    isLeader: () => isLeading,
    confirm: async () => isLeading,
    async release() {
      isLeading = false;
    },
  };
}
