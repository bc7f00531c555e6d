import type { StatusSink } from "./agent-parts.ts";

/** Writes nothing to the cluster (`--no-status`). */
export const noStatuses: StatusSink = {
  translated: () => ({ accepted: () => {} }),
  leads: () => {},
  close: async () => {},
};
