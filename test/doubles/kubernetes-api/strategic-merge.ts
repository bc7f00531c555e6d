import { isDeepStrictEqual } from "node:util";
import { isJson, type Json } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";

/** The keys that lists of the built-in kinds merge by, by kind and path; other lists are replaced. */
const mergeKeys: readonly [kind: string, path: RegExp, key: string][] = [
  ["Service", /^spec\.ports$/, "port"],
  ["Deployment", /\.(containers|initContainers|volumes|imagePullSecrets|env)$/, "name"],
  ["Deployment", /\.containers\.ports$/, "containerPort"],
  ["Deployment", /\.volumeMounts$/, "mountPath"],
  ["Pod", /\.(containers|initContainers|volumes|imagePullSecrets|env)$/, "name"],
  ["Pod", /\.containers\.ports$/, "containerPort"],
  ["Pod", /\.volumeMounts$/, "mountPath"],
  ["", /^status\.conditions$/, "type"],
  ["", /^metadata\.ownerReferences$/, "uid"],
];

/** The field that a list's items are told apart by, or undefined when the list is one value. */
export const mergeKeyOf = (kind: string, path: string): string | undefined =>
  mergeKeys.find(([of, pattern]) => (of === "" || of === kind) && pattern.test(path))?.[2];

/**
 * Kubernetes' strategic merge: as a merge patch, but lists with a key are merged item by item, and directives
 * (`$patch`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`, `$retainKeys`) say what a value cannot.
 *
 * @throws ApiStatus 400 for an item without its key
 */
export const strategicMerge = (kind: string, value: Json, patch: Json): Json => mergeObject(kind, "", value, patch);

function mergeObject(kind: string, path: string, value: Json, patch: Json): Json {
  const { $patch, $retainKeys, ...changes } = patch;
  if ($patch === "replace") return changes;
  if ($patch === "delete") return {};
  const merged: Json = { ...value };
  if (Array.isArray($retainKeys)) {
    for (const field of Object.keys(merged)) if (!$retainKeys.includes(field)) delete merged[field];
  }
  for (const [field, change] of Object.entries(changes)) {
    const at = path === "" ? field : `${path}.${field}`;
    if (field.startsWith("$")) applyDirective(kind, path, merged, field, change, changes);
    else if (change === null) delete merged[field];
    else if (Array.isArray(change)) merged[field] = mergeList(kind, at, merged[field], change);
    else if (isJson(change)) merged[field] = mergeObject(kind, at, asJson(merged[field]), change);
    else merged[field] = change;
  }
  return merged;
}

function mergeList(kind: string, path: string, value: unknown, patch: readonly unknown[]): unknown[] {
  const old = Array.isArray(value) ? value : [];
  if (path === "metadata.finalizers") return [...new Set([...old, ...patch])];
  const key = mergeKeyOf(kind, path);
  const isReplacement = patch.some((item) => isJson(item) && item.$patch === "replace");
  if (key === undefined || isReplacement) {
    return patch.filter((item) => !(isJson(item) && item.$patch === "replace")).map(withoutDirectives);
  }
  const merged: unknown[] = [...old];
  for (const item of patch) {
    const id = isJson(item) ? item[key] : undefined;
    if (!isJson(item) || id === undefined) throw apiStatus(400, `map: ${JSON.stringify(item)} does not contain ${key}`);
    const at = merged.findIndex((other) => isJson(other) && isDeepStrictEqual(other[key], id));
    if (item.$patch === "delete") {
      if (at !== -1) merged.splice(at, 1);
    } else if (at === -1) merged.push(mergeObject(kind, path, {}, item));
    else merged[at] = mergeObject(kind, path, asJson(merged[at]), item);
  }
  return merged;
}

function applyDirective(kind: string, path: string, merged: Json, name: string, value: unknown, patch: Json): void {
  const [directive, field = ""] = name.split("/");
  const list = merged[field];
  if (!Array.isArray(value) || !Array.isArray(list)) return;
  if (directive === "$deleteFromPrimitiveList") merged[field] = list.filter((item) => !value.includes(item));
  if (directive !== "$setElementOrder") return;
  const at = path === "" ? field : `${path}.${field}`;
  const change = patch[field];
  const items = Array.isArray(change) ? mergeList(kind, at, list, change) : list;
  const key = mergeKeyOf(kind, at);
  const idOf = (item: unknown) => (key !== undefined && isJson(item) ? item[key] : item);
  const order = value.map(idOf);
  const place = (item: unknown) => order.findIndex((id) => isDeepStrictEqual(id, idOf(item)));
  merged[field] = items.toSorted((a, b) => place(a) - place(b));
  delete patch[field];
}

function withoutDirectives(item: unknown): unknown {
  if (!isJson(item)) return item;
  const { $patch: _, ...rest } = item;
  return rest;
}

const asJson = (value: unknown): Json => (isJson(value) ? value : {});
