import { readTable } from "../../src/admin/read-table.ts";
import { leafKeys, rootKey } from "../../src/snapshot/leaf-keys.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** The table that a pointer names, put together again from KV; undefined when a part of it cannot be read. */
export async function readPublished(
  store: Pick<SnapshotStore, "get">,
  pointer: Pick<Pointer, "root">,
): Promise<Table | undefined> {
  return readTable(rootKey(pointer.root), (keys) => store.get(keys), leafKeys).catch(() => undefined);
}
