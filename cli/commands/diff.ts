import { defineCommand } from "citty";
import { createSnapshotPublisher } from "../../sync-agent/agent/snapshot-publisher.ts";
import { translateManifests } from "../check/translate-manifests.ts";
import { agentFlags } from "./agent-flags.ts";
import { storeFlags, withStore } from "./with-store.ts";

export const diff = defineCommand({
  meta: { name: "diff", description: "Tell what publishing a folder of manifests would change" },
  args: {
    dir: { type: "positional", description: "Folder of manifests (or one file)", required: true },
    config: agentFlags.config,
    ...storeFlags,
  },
  run: ({ args: { dir, config, ...given } }) =>
    withStore(given, ["dir", "config"], async ({ store }) => {
      const { table } = await translateManifests({ dir, ...(config !== undefined && { config }) });
      process.stdout.write(await createSnapshotPublisher(store).describe(table));
      return 0;
    }),
});
