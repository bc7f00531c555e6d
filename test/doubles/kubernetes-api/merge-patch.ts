import { isJson } from "./api-object.ts";

/** What RFC 7396 makes of a value: null removes a field, lists are replaced. */
export function mergePatch(value: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const merged = isJson(value) ? { ...value } : {};
  for (const [field, change] of Object.entries(patch)) {
    if (change === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], change);
  }
  return merged;
}
