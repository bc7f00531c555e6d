import { setTimeout as wait } from "node:timers/promises";
import type { SoakFault } from "./run-soak.ts";

/** A killed agent with another in its place. */
export const killAgent = (at: number): SoakFault => ({
  name: "agent killed (-9) and replaced",
  at,
  run: (rig) => rig.replaceAgent(),
});

/** The relay hears nothing of any agent. */
export const cutFeed = (at: number, forMs: number): SoakFault => ({
  name: `feed cut for ${forMs / 1000} s`,
  at,
  async run({ feed }) {
    feed.cut();
    await wait(forMs);
    feed.mend();
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
