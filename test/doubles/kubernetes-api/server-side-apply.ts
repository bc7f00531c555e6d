import { isDeepStrictEqual } from "node:util";
import { type ApiObject, isJson, type Json, type ManagedFields } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import type { ResourceKind } from "./resource-kinds.ts";
import { mergeKeyOf } from "./strategic-merge.ts";

/**
 * Merges what a manager applies: its fields are set, what it applied before and leaves out now is removed unless
 * another applier has it, and a field of another applier with another value is a conflict unless forced. Only
 * appliers own fields here; a real server also counts what was written by updates. Lists of custom kinds are one value.
 *
 * @throws ApiStatus 409 with the fields in conflict
 */
export function serverSideApply(
  kind: ResourceKind,
  live: ApiObject | undefined,
  applied: ApiObject,
  { manager, force }: { manager: string; force: boolean },
): ApiObject {
  const keys = kind.custom ? () => undefined : (path: string) => mergeKeyOf(kind.kind, path);
  const { apiVersion, kind: _, metadata, ...rest } = applied;
  const { name: __, namespace: ___, managedFields: ____, resourceVersion, ...described } = metadata;
  const wanted: Json = Object.keys(described).length > 0 ? { metadata: described, ...rest } : rest;
  const mine = fieldsOf(wanted, "", keys);
  const entries = live?.metadata.managedFields ?? [];
  let others = entries.filter((entry) => entry.manager !== manager);
  const conflicts = live === undefined ? [] : others.flatMap((entry) => conflictsWith(entry, mine, live, wanted));
  if (conflicts.length > 0 && !force) throw conflict(kind, metadata.name, conflicts);
  others = others.map((entry) => ({ ...entry, fieldsV1: without(entry.fieldsV1, mine, live ?? {}, wanted) }));
  const mineBefore = entries.find((entry) => entry.manager === manager)?.fieldsV1 ?? {};
  const kept = [mine, ...others.map(({ fieldsV1 }) => fieldsV1)];
  const cleared = live === undefined ? {} : removeFields(live, mineBefore, kept);
  const merged = merge(cleared, wanted, "", keys);
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const own: ManagedFields = { manager, operation: "Apply", apiVersion, time, fieldsType: "FieldsV1", fieldsV1: mine };
  const unchanged = entries.find((entry) => entry.manager === manager && isDeepStrictEqual(entry.fieldsV1, mine));
  const identity: Json = live === undefined ? { name: metadata.name, namespace: metadata.namespace } : {};
  if (resourceVersion !== undefined) identity.resourceVersion = resourceVersion;
  return {
    ...merged,
    apiVersion: live?.apiVersion ?? apiVersion,
    kind: kind.kind,
    metadata: {
      ...identity,
      ...asJson(merged.metadata),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      managedFields: [...others.filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0), unchanged ?? own],
    },
  } as ApiObject;
}

type Keys = (path: string) => string | undefined;

/** The set of fields of a value in the format FieldsV1: `f:` for fields, `k:` for items of lists with a key. */
function fieldsOf(value: unknown, path: string, keys: Keys): Json {
  const fields: Json = {};
  if (isJson(value)) {
    for (const [field, child] of Object.entries(value)) fields[`f:${field}`] = fieldsOf(child, join(path, field), keys);
  }
  const key = keys(path);
  if (!Array.isArray(value) || key === undefined) return fields;
  for (const item of value) {
    const id = isJson(item) ? item[key] : undefined;
    fields[`k:${JSON.stringify({ [key]: id })}`] = { ".": {}, ...fieldsOf(item, path, keys) };
  }
  return fields;
}

const join = (path: string, field: string): string => (path === "" ? field : `${path}.${field}`);

const isLeaf = (fields: Json): boolean => Object.keys(fields).every((field) => field === ".");

/** The child of a value that a part of a field set names. */
function childOf(value: unknown, part: string): unknown {
  if (part.startsWith("f:")) return isJson(value) ? value[part.slice(2)] : undefined;
  return Array.isArray(value) ? value[indexOf(value, part)] : undefined;
}

function indexOf(list: readonly unknown[], part: string): number {
  const [[key, id] = ["", undefined]] = Object.entries(asJson(JSON.parse(part.slice(2))));
  return list.findIndex((item) => isJson(item) && isDeepStrictEqual(item[key], id));
}

function conflictsWith(entry: ManagedFields, mine: Json, live: unknown, wanted: unknown): string[] {
  const found: string[] = [];
  const walk = (theirs: Json, ours: Json, there: unknown, here: unknown, path: string): void => {
    for (const [part, fields] of Object.entries(theirs)) {
      const own = ours[part];
      if (part === "." || !isJson(own) || !isJson(fields)) continue;
      const [old, value] = [childOf(there, part), childOf(here, part)];
      const at = part.startsWith("f:") ? `${path}.${part.slice(2)}` : `${path}[${part.slice(2)}]`;
      if (!isLeaf(fields) && !isLeaf(own)) walk(fields, own, old, value, at);
      else if (!isDeepStrictEqual(old, value)) found.push(`conflict with "${entry.manager}": ${at}`);
    }
  };
  walk(entry.fieldsV1, mine, live, wanted, "");
  return found;
}

/** A field set without the leaves that another set takes with another value. */
function without(fields: Json, taken: Json, live: unknown, wanted: unknown): Json {
  const left: Json = {};
  for (const [part, child] of Object.entries(fields)) {
    const other = taken[part];
    const [old, value] = [childOf(live, part), childOf(wanted, part)];
    if (part === "." || !isJson(other) || !isJson(child)) left[part] = child;
    else if (!isLeaf(child) && !isLeaf(other)) {
      const rest = without(child, other, old, value);
      // Empty it would read as a leaf: as owning all below it.
      if (Object.keys(rest).some((name) => name !== ".")) left[part] = rest;
    } else if (isDeepStrictEqual(old, value)) left[part] = child;
  }
  return left;
}

/** The value without the fields of a set that none of the others has. */
function removeFields<T>(value: T, fields: Json, others: readonly unknown[]): T {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) => {
      const part = Object.keys(fields).find((name) => name.startsWith("k:") && value[indexOf(value, name)] === item);
      if (part === undefined) return [item];
      const rest = others.flatMap((other) => (isJson(other) && isJson(other[part]) ? [other[part]] : []));
      return rest.length === 0 ? [] : [removeFields(item, asJson(fields[part]), rest)];
    }) as T;
  }
  if (!isJson(value)) return value;
  const left: Json = { ...value };
  for (const [part, child] of Object.entries(fields)) {
    const field = part.slice(2);
    if (!part.startsWith("f:") || !Object.hasOwn(left, field)) continue;
    const rest = others.flatMap((other) => (isJson(other) && isJson(other[part]) ? [other[part]] : []));
    if (!isLeaf(asJson(child))) left[field] = removeFields(left[field], asJson(child), rest);
    else if (rest.length === 0) delete left[field];
  }
  return left as T;
}

function merge(live: Json, wanted: Json, path: string, keys: Keys): Json {
  const merged: Json = { ...live };
  for (const [field, value] of Object.entries(wanted)) {
    const at = join(path, field);
    const key = keys(at);
    const old = merged[field];
    if (isJson(value)) merged[field] = merge(asJson(old), value, at, keys);
    else if (Array.isArray(value) && key !== undefined) merged[field] = mergeItems(old, value, at, key, keys);
    else merged[field] = value;
  }
  return merged;
}

function mergeItems(live: unknown, wanted: readonly unknown[], path: string, key: string, keys: Keys): unknown[] {
  const merged: unknown[] = Array.isArray(live) ? [...live] : [];
  for (const item of wanted) {
    const at = merged.findIndex((other) => isDeepStrictEqual(asJson(other)[key], asJson(item)[key]));
    if (at === -1) merged.push(item);
    else merged[at] = merge(asJson(merged[at]), asJson(item), path, keys);
  }
  return merged;
}

function conflict(kind: ResourceKind, name: string, conflicts: readonly string[]) {
  const causes = conflicts.map((message) => ({ reason: "FieldManagerConflict", message }));
  const details = { name, group: kind.group, kind: kind.plural, causes };
  return apiStatus(409, `Apply failed with ${conflicts.length} conflict(s): ${conflicts.join(", ")}`, details);
}

const asJson = (value: unknown): Json => (isJson(value) ? value : {});
