import * as z from "zod/mini";
import { isEqual } from "./is-equal.ts";
import { LazyPart } from "./lazy-part.ts";
import { type Table, tableSchema } from "./table.ts";

/** The value that a part of the table has under a name: lists of things with names, and records, are alike here. */
type Entry<P extends TablePartName> = Table[P] extends readonly (infer T)[] ? T : Table[P][keyof Table[P]];

interface PartChanges<T> {
  put: Record<string, T>;
  removed: string[];
}

export type TablePartName = keyof Table;

/** What makes one table out of another: for each part what was added or took another's place, and what has gone. */
export type TableChanges = { [P in TablePartName]: PartChanges<Entry<P>> };

export const tableParts = Object.keys(tableSchema.shape) as readonly TablePartName[];

const changesOf = (part: z.ZodMiniArray | z.ZodMiniRecord) => {
  const entry = "element" in part.def ? part.def.element : part.def.valueType;
  return z.strictObject({ put: z.record(z.string(), entry), removed: z.array(z.string()) });
};

/** A value for each part. All parts are worked on alike, so that `make` owes the type of each. */
const perPart = <M extends Record<TablePartName, unknown>>(make: (part: TablePartName) => unknown): M =>
  Object.fromEntries(tableParts.map((part) => [part, make(part)])) as M;

export const tableChangesSchema = z.strictObject(
  perPart((part) => changesOf(tableSchema.shape[part])),
) as unknown as z.ZodMiniType<TableChanges>;

export const emptyChanges = (): TableChanges => perPart<TableChanges>(() => ({ put: {}, removed: [] }));

export const isEmpty = (changes: TableChanges): boolean =>
  tableParts.every((part) => isEmptyPart<unknown>(changes[part]));

/**
 * What makes `after` out of `before`: `applyChanges(before, diffTables(before, after))` equals `after`. Things that
 * are the same object cost a comparison of pointers, others are compared by content.
 */
export const diffTables = (before: Table, after: Table): TableChanges =>
  perPart<TableChanges>((part) => diffParts(before[part], after[part]));

/**
 * As `diffTables`, but parts of which `applyChanges` has made `after` out of `before`, in whatever number of steps, are
 * not looked at: the changes are those that were made, also where one has undone another.
 */
export function changesSince(before: Table, after: Table): TableChanges {
  const from = lazyParts.get(before);
  const to = lazyParts.get(after);
  if (from === undefined || to === undefined) return diffTables(before, after);
  return perPart<TableChanges>((part) => madeBy(from[part], to[part]) ?? diffParts(before[part], after[part]));
}

/**
 * The table with the changes made, its routers and records in the order of their names. `table` stays as it is;
 * parts without a change are shared with it, each other part is made when it is first read. What `removed` names and
 * `table` does not have is passed over.
 */
export function applyChanges(table: Table, changes: TableChanges): Table {
  const before = lazyParts.get(table) ?? partsOf(table);
  const parts = perPart<LazyParts>((part) =>
    isEmptyPart<unknown>(changes[part]) ? before[part] : before[part].changed(changes[part]),
  );
  const changed = tableOf(parts);
  lazyParts.set(changed, parts);
  return changed;
}

/** A list of things with names, or a record. */
type Part = readonly Named[] | Record<string, unknown>;
type Named = { readonly name: string };

type LazyParts = Record<TablePartName, LazyPart<Part, PartChanges<unknown>>>;

/** Of the tables that were made of others. */
const lazyParts = new WeakMap<Table, LazyParts>();

const partsOf = (table: Table): LazyParts =>
  perPart<LazyParts>((part) => LazyPart.of<Part, PartChanges<unknown>>(table[part], changePart));

function tableOf(parts: LazyParts): Table {
  const getters = perPart<Record<TablePartName, PropertyDescriptor>>((part) => ({
    enumerable: true,
    get: () => parts[part].read(),
  }));
  return Object.defineProperties({}, getters) as Table;
}

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

const diffParts = (before: Part, after: Part): PartChanges<unknown> =>
  before === after ? { put: {}, removed: [] } : diffRecords(asRecord(before), asRecord(after));

const isList = (part: Part): part is readonly Named[] => Array.isArray(part);

const asRecord = (part: Part): Record<string, unknown> => (isList(part) ? byName(part) : part);

function byName(list: readonly Named[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const one of list) setOwn(record, one.name, one);
  return record;
}

const changePart = (part: Part, changes: readonly PartChanges<unknown>[]): Part =>
  isList(part) ? changeList(part, changes as readonly PartChanges<Named>[]) : changeRecord(part, changes);

function changeList(list: readonly Named[], changes: readonly PartChanges<Named>[]): readonly Named[] {
  const byNames = new Map(list.map((one) => [one.name, one]));
  let isGrown = false;
  for (const { put, removed } of changes) {
    for (const name of removed) byNames.delete(name);
    for (const [name, one] of Object.entries(put)) {
      isGrown ||= !byNames.has(name);
      byNames.set(name, one);
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
