import { expect, it } from "vitest";
import { runSoak } from "../soak/run-soak.ts";
import { cutFeed, cutWatches, failKvWrites, killLeader } from "../soak/soak-faults.ts";
import { soakReport } from "../soak/soak-report.ts";

/** A tenth of `npm run soak`, at half its rate: machines that run tests have other work. */
it("no request fails while Pods are replaced, the agent is killed, and feed, watches and KV fail", async () => {
  const result = await runSoak({
    requests: 5_000,
    perSecond: 250,
    restarts: 2,
    kvLatenessMs: 6_000,
    faults: [cutWatches(0.1), failKvWrites(0.2, 3_000), killLeader(0.4), cutFeed(0.7, 2_000)],
  });
  const { failures, uploadsSeenTwice, podsReplaced } = result;
  expect({ failures, uploadsSeenTwice, podsReplaced }, soakReport(result).join("\n")).toEqual({
    failures: [],
    uploadsSeenTwice: [],
    podsReplaced: 10,
  });
}, 60_000);
