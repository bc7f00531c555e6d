import { defineCommand } from "citty";
import { loadSealKey } from "../../sync-agent/agent/load-seal-key.ts";
import { createSnapshotPublisher } from "../../sync-agent/agent/snapshot-publisher.ts";
import { translateManifests } from "../check/translate-manifests.ts";
import { agentFlags } from "./agent-flags.ts";
import { sealFlags, storeFlags, withStore } from "./with-store.ts";

const own = {
  dir: { type: "positional", description: "Folder of manifests (or one file)", required: true },
  config: agentFlags.config,
} as const;

export const diff = defineCommand({
  meta: { name: "diff", description: "Tell what publishing a folder of manifests would change" },
  args: { ...own, ...storeFlags, ...sealFlags },
  run: ({ args: { dir, config, ...given } }) =>
    withStore(given, own, async ({ store }, settings) => {
      const { table } = await translateManifests({
        dir,
        sealKey: (await loadSealKey(settings)) ?? "missing",
        ...(config !== undefined && { config }),
      });
      process.stdout.write(await createSnapshotPublisher(store).describe(table));
      return 0;
    }),
});
