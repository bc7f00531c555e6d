import { defineCommand } from "citty";
import { formatTable } from "../print/format-table.ts";
import { storeFlags, withStore } from "./with-store.ts";

const own = { json: { type: "boolean", description: "Print them as a JSON array" } } as const;

export const history = defineCommand({
  meta: { name: "history", description: "List the generations that were published, newest first" },
  args: { ...own, ...storeFlags },
  run: ({ args: { json = false, ...given } }) =>
    withStore(given, own, async ({ store }) => {
      const [entries, pin] = await Promise.all([store.history(), store.pinned()]);
      if (json) {
        console.log(
          JSON.stringify(
            entries.map(({ pointer, at }) => ({ ...pointer, at: new Date(at).toISOString() })),
            null,
            2,
          ),
        );
        return 0;
      }
      const rows = entries.map(({ pointer: { generation, epoch, root }, at }, index) => [
        String(generation),
        new Date(at).toISOString(),
        String(epoch),
        root,
        index === 0 ? "current" : "",
      ]);
      console.log(formatTable([["generation", "published", "epoch", "root", ""], ...rows]).join("\n"));
      if (pin !== undefined) console.log(`\npinned since ${new Date(pin.at).toISOString()}: ${pin.reason}`);
      return 0;
    }),
});
