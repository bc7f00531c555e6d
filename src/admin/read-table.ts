import { readEndpointLeaf, readRouteLeaf } from "../snapshot/read-leaf.ts";
import { readParts } from "../snapshot/read-parts.ts";
import { emptyTable } from "../table/empty-table.ts";
import type { Router } from "../table/router.ts";
import { rootSchema } from "../table/snapshot.ts";
import type { Table } from "../table/table.ts";

/** Reads keys of the snapshot tree; a missing key is null. */
export type ReadKeys = (keys: readonly string[]) => Promise<ReadonlyMap<string, string | null>>;

/** The names of a bucket's leaves. */
export type LeafKeys = (bucket: string) => readonly string[];

/**
 * Puts a whole table together again from its leaves, for people to look at. Requests never do this: they read the
 * few leaves of their host.
 *
 * @returns undefined when the root or one of its leaves cannot be read
 */
export async function readTable(rootKey: string, read: ReadKeys, leafKeys: LeafKeys): Promise<Table | undefined> {
  const rootText = (await read([rootKey])).get(rootKey);
  if (rootText == null) return undefined;
  const { data: root } = readParts(rootSchema, JSON.parse(rootText), ["entryPoints"]);
  const routeKeys = [...root.routes, ...Object.values(root.split).flatMap((split) => split.leaves)].flatMap(leafKeys);
  const routeLeaves = await readLeaves([...new Set(routeKeys)], read, (text) => readRouteLeaf(text).data);
  const endpointKeys = root.endpoints.flatMap(leafKeys);
  const endpointLeaves = await readLeaves([...new Set(endpointKeys)], read, (text) => readEndpointLeaf(text).data);
  if (routeLeaves === undefined || endpointLeaves === undefined) return undefined;

  const table: Table = { ...emptyTable(), entryPoints: root.entryPoints };
  const routers = new Map<string, Router>();
  for (const leaf of routeLeaves) {
    for (const router of leaf.routers) routers.set(router.name, router);
    Object.assign(table.services, leaf.services);
    Object.assign(table.middlewares, leaf.middlewares);
  }
  for (const leaf of endpointLeaves) Object.assign(table.endpoints, leaf.endpoints);
  table.routers = [...routers.values()];
  return table;
}

async function readLeaves<T>(
  keys: readonly string[],
  read: ReadKeys,
  parse: (text: string) => T,
): Promise<T[] | undefined> {
  const texts = await read(keys);
  const leaves: T[] = [];
  for (const key of keys) {
    const text = texts.get(key);
    if (text == null) return undefined;
    leaves.push(parse(text));
  }
  return leaves;
}
