import * as fc from "fast-check";
import { expect, test } from "vitest";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";
import { createMemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { readPublished } from "../../sync-agent/publish/read-published.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { reachedEntries } from "../../sync-agent/translate/reached-entries.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { objectSets } from "../translate/arbitrary-objects.ts";

/** Of a table what the edge is told: the routers of requests with what these reach, and all Pods. */
function edgePart({ entryPoints, routers, endpoints, ...table }: Table): Table {
  const edge: Table = { ...emptyTable(), entryPoints, routers, endpoints };
  for (const { part, name } of reachedEntries({ ...table, routers, endpoints, tcpRouters: [], udpRouters: [] })) {
    if (part === "services" || part === "middlewares") Object.assign(edge[part], { [name]: table[part][name] });
  }
  return edge;
}

test.each(objectSets)("what is published of objects $title is the table, when it is read back", async ({ list }) => {
  const settings = { ...defaultSettings(), sealKey: new Uint8Array(32) };
  await fc.assert(
    fc.asyncProperty(fc.array(list, { minLength: 1, maxLength: 3 }), async (lists) => {
      const store = createMemoryStore("test");
      const translator = createTranslator(settings);
      for (const objects of lists) {
        const { table } = translator.translate(createObjectStore(objects));
        const result = await publish(store, table, { epoch: 1, allowEmpty: true });
        if (result.status === "refused") expect.fail(result.reason);
        const read = await readPublished(store, result.pointer);
        const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);
        read?.routers.sort(byName);
        expect(read).toEqual({ ...edgePart(table), routers: table.routers.toSorted(byName) });
      }
    }),
    { numRuns: 60 },
  );
});
