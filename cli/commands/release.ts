import { defineCommand } from "citty";
import { storeFlags, withStore } from "./with-store.ts";

export const release = defineCommand({
  meta: { name: "release", description: "End a rollback: the agent publishes again" },
  args: storeFlags,
  run: ({ args }) =>
    withStore(args, {}, async ({ store }) => {
      const pin = await store.pinned();
      await store.release();
      console.log(pin === undefined ? "nothing was pinned" : `released: ${pin.reason}`);
      return 0;
    }),
});
