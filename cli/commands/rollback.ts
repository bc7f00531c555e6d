import { defineCommand } from "citty";
import { SettingsError } from "../../sync-agent/agent/agent-settings.ts";
import { rollBack } from "../../sync-agent/publish/roll-back.ts";
import { storeFlags, withStore } from "./with-store.ts";

const own = {
  generation: { type: "positional", description: "As `sluice history` lists it", required: true },
} as const;

export const rollback = defineCommand({
  meta: { name: "rollback", description: "Serve an older generation again, and hold it until `sluice release`" },
  args: { ...own, ...storeFlags },
  run: ({ args: { generation, ...given } }) =>
    withStore(given, own, async ({ store }) => {
      if (!/^[1-9]\d*$/.test(generation))
        throw new SettingsError(`${generation} is no generation: see \`sluice history\``);
      const wanted = Number(generation);
      const result = await rollBack(store, wanted, await store.claim(0), {
        reason: `rolled back to generation ${wanted}`,
      });
      if (result.status === "refused") {
        console.error(`error: nothing has changed: ${refusals[result.reason]}`);
        return 1;
      }
      console.log(
        `generation ${result.pointer.generation} serves what generation ${wanted} did, until \`sluice release\``,
      );
      return 0;
    }),
});

const refusals = {
  "unknown-generation": "the beacon knows no such generation: see `sluice history`",
  "root-unreadable": "its root is no longer in KV, or not yet to be seen from here",
  "leaves-missing": "parts of it are no longer in KV",
  moved: "somebody published meanwhile: look at `sluice history`, and try again",
} as const;
