import * as z from "zod/mini";
import { isEqual } from "./is-equal.ts";
import { LazyPart } from "./lazy-part.ts";
import { middlewareSchema } from "./middleware.ts";
import { endpointsSchema, serversTransportSchema, serviceSchema } from "./service.ts";
import { entryPointSchema, routerSchema, type Table } from "./table.ts";

const changesOf = <T extends z.ZodMiniType>(value: T) =>
  z.strictObject({ put: z.record(z.string(), value), removed: z.array(z.string()) });

/** What makes one table out of another: for each part what was added or took another's place, and what has gone. */
export const tableChangesSchema = z.strictObject({
  entryPoints: changesOf(entryPointSchema),
  /** By name. */
  routers: changesOf(routerSchema),
  services: changesOf(serviceSchema),
  middlewares: changesOf(middlewareSchema),
  endpoints: changesOf(endpointsSchema),
  serversTransports: changesOf(serversTransportSchema),
});
export type TableChanges = z.infer<typeof tableChangesSchema>;

export type TablePartName = keyof Table;

interface PartChanges<T> {
  put: Record<string, T>;
  removed: string[];
}

export const tableParts = [
  "entryPoints",
  "routers",
  "services",
  "middlewares",
  "endpoints",
  "serversTransports",
] as const satisfies TablePartName[];

export const emptyChanges = (): TableChanges => ({
  entryPoints: { put: {}, removed: [] },
  routers: { put: {}, removed: [] },
  services: { put: {}, removed: [] },
  middlewares: { put: {}, removed: [] },
  endpoints: { put: {}, removed: [] },
  serversTransports: { put: {}, removed: [] },
});

export const isEmpty = (changes: TableChanges): boolean =>
  tableParts.every((part) => isEmptyPart<unknown>(changes[part]));

/**
 * What makes `after` out of `before`: `applyChanges(before, diffTables(before, after))` equals `after`. Things that
 * are the same object cost a comparison of pointers, others are compared by content.
 */
export const diffTables = (before: Table, after: Table): TableChanges => ({
  entryPoints: diffRecords(before.entryPoints, after.entryPoints),
  routers: diffRouters(before.routers, after.routers),
  services: diffRecords(before.services, after.services),
  middlewares: diffRecords(before.middlewares, after.middlewares),
  endpoints: diffRecords(before.endpoints, after.endpoints),
  serversTransports: diffRecords(before.serversTransports, after.serversTransports),
});

/**
 * As `diffTables`, but parts of which `applyChanges` has made `after` out of `before`, in whatever number of steps, are
 * not looked at: the changes are those that were made, also where one has undone another.
 */
export function changesSince(before: Table, after: Table): TableChanges {
  const from = lazyParts.get(before);
  const to = lazyParts.get(after);
  if (from === undefined || to === undefined) return diffTables(before, after);
  return {
    entryPoints: madeBy(from.entryPoints, to.entryPoints) ?? diffRecords(before.entryPoints, after.entryPoints),
    routers: madeBy(from.routers, to.routers) ?? diffRouters(before.routers, after.routers),
    services: madeBy(from.services, to.services) ?? diffRecords(before.services, after.services),
    middlewares: madeBy(from.middlewares, to.middlewares) ?? diffRecords(before.middlewares, after.middlewares),
    endpoints: madeBy(from.endpoints, to.endpoints) ?? diffRecords(before.endpoints, after.endpoints),
    serversTransports:
      madeBy(from.serversTransports, to.serversTransports) ??
      diffRecords(before.serversTransports, after.serversTransports),
  };
}

/**
 * The table with the changes made, its routers and records in the order of their names. `table` stays as it is;
 * parts without a change are shared with it, each other part is made when it is first read. What `removed` names and
 * `table` does not have is passed over.
 */
export function applyChanges(table: Table, changes: TableChanges): Table {
  const before = lazyParts.get(table) ?? partsOf(table);
  const change = <T, C extends PartChanges<unknown>>(part: LazyPart<T, C>, its: C): LazyPart<T, C> =>
    isEmptyPart(its) ? part : part.changed(its);
  const parts: LazyParts = {
    entryPoints: change(before.entryPoints, changes.entryPoints),
    routers: change(before.routers, changes.routers),
    services: change(before.services, changes.services),
    middlewares: change(before.middlewares, changes.middlewares),
    endpoints: change(before.endpoints, changes.endpoints),
    serversTransports: change(before.serversTransports, changes.serversTransports),
  };
  const changed = tableOf(parts);
  lazyParts.set(changed, parts);
  return changed;
}

type LazyParts = { [P in TablePartName]: LazyPart<Table[P], TableChanges[P]> };

/** Of the tables that were made of others. */
const lazyParts = new WeakMap<Table, LazyParts>();

const partsOf = (table: Table): LazyParts => ({
  entryPoints: LazyPart.of(table.entryPoints, changeRecord),
  routers: LazyPart.of(table.routers, changeRouters),
  services: LazyPart.of(table.services, changeRecord),
  middlewares: LazyPart.of(table.middlewares, changeRecord),
  endpoints: LazyPart.of(table.endpoints, changeRecord),
  serversTransports: LazyPart.of(table.serversTransports, changeRecord),
});

const tableOf = (parts: LazyParts): Table => ({
  get entryPoints() {
    return parts.entryPoints.read();
  },
  get routers() {
    return parts.routers.read();
  },
  get services() {
    return parts.services.read();
  },
  get middlewares() {
    return parts.middlewares.read();
  },
  get endpoints() {
    return parts.endpoints.read();
  },
  get serversTransports() {
    return parts.serversTransports.read();
  },
});

function madeBy<V, T>(
  before: LazyPart<V, PartChanges<T>>,
  after: LazyPart<V, PartChanges<T>>,
): PartChanges<T> | undefined {
  const steps = after.changesSince(before);
  if (steps === undefined) return undefined;
  const joined: PartChanges<T> = { put: {}, removed: [] };
  const removed = new Set<string>();
  for (const step of steps) {
    for (const name of step.removed) {
      delete joined.put[name];
      removed.add(name);
    }
    for (const [name, value] of Object.entries(step.put)) {
      setOwn(joined.put, name, value);
      removed.delete(name);
    }
  }
  joined.removed.push(...removed);
  return joined;
}

function isEmptyPart<T>({ put, removed }: PartChanges<T>): boolean {
  for (const _name in put) return false;
  return removed.length === 0;
}

function diffRecords<T>(before: Record<string, T>, after: Record<string, T>): PartChanges<T> {
  const changes: PartChanges<T> = { put: {}, removed: [] };
  if (before === after) return changes;
  for (const name of Object.keys(after)) {
    const value = after[name] as T;
    if (!Object.hasOwn(before, name) || !isEqual(before[name], value)) setOwn(changes.put, name, value);
  }
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) changes.removed.push(name);
  return changes;
}

const diffRouters = (before: Table["routers"], after: Table["routers"]): TableChanges["routers"] =>
  before === after ? { put: {}, removed: [] } : diffRecords(byName(before), byName(after));

function byName<T extends { name: string }>(list: readonly T[]): Record<string, T> {
  const record: Record<string, T> = {};
  for (const one of list) setOwn(record, one.name, one);
  return record;
}

function changeRouters(routers: Table["routers"], changes: readonly TableChanges["routers"][]): Table["routers"] {
  const byNames = new Map(routers.map((router) => [router.name, router]));
  let isGrown = false;
  for (const { put, removed } of changes) {
    for (const name of removed) byNames.delete(name);
    for (const [name, router] of Object.entries(put)) {
      isGrown ||= !byNames.has(name);
      byNames.set(name, router);
    }
  }
  const changed = [...byNames.values()];
  return isGrown ? changed.sort((a, b) => compare(a.name, b.name)) : changed;
}

function changeRecord<T>(record: Record<string, T>, changes: readonly PartChanges<T>[]): Record<string, T> {
  const changed = { ...record };
  let isGrown = false;
  for (const { put, removed } of changes) {
    for (const name of removed) delete changed[name];
    for (const [name, value] of Object.entries(put)) {
      isGrown ||= !Object.hasOwn(changed, name);
      setOwn(changed, name, value);
    }
  }
  return isGrown ? inOrder(changed) : changed;
}

function inOrder<T>(record: Record<string, T>): Record<string, T> {
  const ordered: Record<string, T> = {};
  for (const name of Object.keys(record).sort(compare)) setOwn(ordered, name, record[name] as T);
  return ordered;
}

/** Names are people's words: `__proto__` is one, and an assignment of it would set no field. */
function setOwn<T>(record: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") record[name] = value;
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
