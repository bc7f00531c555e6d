import { createWriteStream } from "node:fs";
import { parseArgs } from "node:util";
import { runSoak } from "../test/soak/run-soak.ts";
import { cutFeed, cutWatches, failKvWrites, killLeader } from "../test/soak/soak-faults.ts";
import { soakFaultsFound, soakReport } from "../test/soak/soak-report.ts";

/** `npm run soak`: no request fails while a service is restarted, again and again, and parts of Sluice fail. */
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "52000" },
    rate: { type: "string", default: "500" },
    restarts: { type: "string", default: "20" },
    log: { type: "string" },
    "without-faults": { type: "boolean", default: false },
  },
});

const logFile = values.log === undefined ? undefined : createWriteStream(values.log);
const result = await runSoak({
  requests: Number(values.requests),
  perSecond: Number(values.rate),
  restarts: Number(values.restarts),
  kvLatenessMs: values["without-faults"] ? 0 : 60_000,
  log: (program, line) => void logFile?.write(`${JSON.stringify({ program, ...line })}\n`),
  faults: values["without-faults"]
    ? []
    : [
        cutWatches(0.05),
        cutFeed(0.11, 2_000),
        killLeader(0.2),
        failKvWrites(0.3, 30_000),
        cutFeed(0.36, 3_000),
        killLeader(0.45),
        cutWatches(0.52),
        cutFeed(0.65, 3_000),
        killLeader(0.76),
        cutWatches(0.8),
        killLeader(0.86),
        cutFeed(0.93, 2_000),
      ],
});
logFile?.end();
for (const line of soakReport(result)) console.log(line);
process.exitCode = soakFaultsFound(result) === 0 ? 0 : 1;
