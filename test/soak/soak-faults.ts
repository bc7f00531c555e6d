import { setTimeout as wait } from "node:timers/promises";
import type { SoakFault } from "./run-soak.ts";

/** The agent that leads, and the feed that comes from it; another takes its place. */
export const killLeader = (at: number): SoakFault => ({
  name: "leader killed (-9) and replaced",
  at,
  run: (rig) => rig.replaceLeader(),
});

/** The relay hears nothing of any agent. */
export const cutFeed = (at: number, forMs: number): SoakFault => ({
  name: `feed cut for ${forMs / 1000} s`,
  at,
  async run({ feeds }) {
    for (const feed of feeds) feed.cut();
    await wait(forMs);
    for (const feed of feeds) feed.mend();
  },
});

/** Every watch of the agent is reset, and it begins anew. */
export const cutWatches = (at: number): SoakFault => ({
  name: "watches cut",
  at,
  run: async ({ api }) => api.cutWatches(),
});

/** Nothing can be published. */
export const failKvWrites = (at: number, forMs: number): SoakFault => ({
  name: `KV writes answer 500 for ${forMs / 1000} s`,
  at,
  async run({ edge }) {
    const fault = edge.api.fail({ match: /\/bulk$/, answer: 500 });
    await wait(forMs);
    fault.clear();
  },
});
