import { readTable } from "../../src/admin/read-table.ts";
import { leafKeys, rootKey } from "../../src/snapshot/leaf-keys.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/**
 * The table that a pointer names, put together again from KV.
 *
 * @returns undefined when a part of it is missing, or is nothing that this program reads
 * @throws what the store throws: a table that cannot be read now is no missing one
 */
export async function readPublished(
  store: Pick<SnapshotStore, "get">,
  pointer: Pick<Pointer, "root">,
): Promise<Table | undefined> {
  let failure: { error: unknown } | undefined;
  const read = async (keys: readonly string[]) => {
    try {
      return await store.get(keys);
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  try {
    return await readTable(rootKey(pointer.root), read, leafKeys);
  } catch {
    if (failure !== undefined) throw failure.error;
    return undefined;
  }
}
