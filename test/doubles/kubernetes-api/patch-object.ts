import { parse } from "yaml";
import { type ApiObject, isJson } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ResourceKind } from "./resource-kinds.ts";
import { serverSideApply } from "./server-side-apply.ts";
import { strategicMerge } from "./strategic-merge.ts";

export interface Patch {
  contentType: string;
  body: string;
  fieldManager: string;
  force: boolean;
}

export const APPLY = "application/apply-patch+yaml";

/**
 * What a patch makes of an object, which is undefined only for a server-side apply that creates it.
 *
 * @throws ApiStatus 400, 409 for a conflict of appliers, 415 for a type that the kind does not take, 422
 */
export function patchObject(kind: ResourceKind, object: ApiObject | undefined, patch: Patch): ApiObject {
  const type = patch.contentType.split(";", 1)[0]?.trim() ?? "";
  const change = readJson(patch.body);
  const patched = apply(kind, object, type, change, patch);
  const metadata = isJson(patched) ? patched.metadata : undefined;
  if (!isJson(patched) || !isJson(metadata)) throw apiStatus(422, "the patch leaves no object");
  const name = object?.metadata.name ?? metadata.name;
  return { ...patched, metadata: { ...metadata, name } } as ApiObject;
}

function apply(
  kind: ResourceKind,
  object: ApiObject | undefined,
  type: string,
  change: unknown,
  { fieldManager, force }: Patch,
): unknown {
  if (type === APPLY) {
    if (fieldManager === "") throw apiStatus(400, "PatchOptions.meta.k8s.io is invalid: fieldManager: is required");
    if (!isJson(change)) throw apiStatus(400, "what is applied is no object");
    return serverSideApply(kind, object, change as ApiObject, { manager: fieldManager, force });
  }
  if (object === undefined) throw apiStatus(404, "there is nothing to patch");
  if (type === "application/merge-patch+json") return mergePatch(object, change);
  if (type === "application/json-patch+json") return jsonPatch(object, change);
  if (type === "application/strategic-merge-patch+json" && !kind.custom) {
    if (!isJson(change)) throw apiStatus(400, "a strategic merge patch is an object");
    return strategicMerge(kind.kind, object, change);
  }
  throw apiStatus(415, `the body of the request was in an unknown format - ${type} is not accepted for ${kind.plural}`);
}

/** JSON, or YAML, of which JSON is a part. @throws ApiStatus 400 */
export function readJson(body: string): unknown {
  try {
    return body.trimStart().startsWith("{") || body.trimStart().startsWith("[") ? JSON.parse(body) : parse(body);
  } catch (error) {
    throw apiStatus(400, `the body cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
