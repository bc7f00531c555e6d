import { defineCommand } from "citty";
import { loadSealKey } from "../../sync-agent/agent/load-seal-key.ts";
import { createSnapshotPublisher } from "../../sync-agent/agent/snapshot-publisher.ts";
import { checkFolder } from "../check/check-folder.ts";
import { formatReport, hasErrors } from "../check/format-report.ts";
import { type ManifestOptions, translateManifests } from "../check/translate-manifests.ts";
import { colorsFor } from "../print/colors.ts";
import { agentFlags } from "./agent-flags.ts";
import { sealFlags, storeFlags, withStore } from "./with-store.ts";

const own = {
  dir: { type: "positional", description: "Folder of manifests (or one file)", required: true },
  config: agentFlags.config,
  "allow-loss": agentFlags["allow-loss"],
  "allow-errors": { type: "boolean", description: "Publish what can be served, though some of it has errors" },
} as const;

export const publish = defineCommand({
  meta: { name: "publish", description: "Publish a folder of manifests to Cloudflare, without a cluster" },
  args: { ...own, ...storeFlags, ...sealFlags },
  run: ({ args: { dir, config, "allow-loss": allowLoss = false, "allow-errors": allowErrors = false, ...given } }) =>
    withStore(given, own, async ({ store, admin }, settings) => {
      const sealKey = (await loadSealKey(settings)) ?? "missing";
      const folder: ManifestOptions = { dir, sealKey, ...(config !== undefined && { config }) };
      const { problems, ...report } = await checkFolder({ ...folder, cwd: process.cwd() });
      if (problems.length > 0) process.stderr.write(formatReport({ problems, ...report }, colorsFor(process.stderr)));
      if (hasErrors(problems) && !allowErrors) {
        console.error("error: nothing was published; --allow-errors publishes what can be served");
        return 1;
      }
      const { table } = await translateManifests(folder);
      const publisher = createSnapshotPublisher(store, {
        allowLoss,
        ...(admin && { workerReads: async () => (await admin.status()).tableVersion }),
      });
      const { signal } = new AbortController();
      const outcome = await publisher.publish(table, { epoch: await publisher.claim(0, signal), signal });
      if (outcome.status === "refused") {
        console.error(`error: nothing was published: ${outcome.message}`);
        return 1;
      }
      for (const problem of outcome.problems) console.error(`warning: ${problem.message}`);
      const { generation } = outcome.pointer;
      console.log(
        outcome.status === "published"
          ? `published as generation ${generation}`
          : `unchanged: generation ${generation}`,
      );
      return 0;
    }),
});
