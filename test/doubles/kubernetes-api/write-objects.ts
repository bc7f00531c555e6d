import { randomBytes, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ApiObject, ApiObjectMeta } from "./api-object.ts";
import { isJson, type Json } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import { checkObject, invalid } from "./check-object.ts";
import { completeObject } from "./complete-object.ts";
import type { ObjectStorage } from "./object-storage.ts";
import type { ResourceKind } from "./resource-kinds.ts";

export interface WriteOptions {
  /** Which half of the object a write changes; `all` is for who stands above the API. */
  part?: "main" | "status" | "all";
  /** Answers what would be stored, and stores nothing. */
  dryRun?: boolean;
  /** No watch hears of it. */
  quiet?: boolean;
}

type Write = (kind: ResourceKind, object: ApiObject, options?: WriteOptions) => ApiObject;

/** @throws ApiStatus 409 when there is one of this name, 422 for what is refused */
export function createObject(storage: ObjectStorage, ...[kind, sent, options = {}]: Parameters<Write>): ApiObject {
  const { generateName } = sent.metadata;
  const name = sent.metadata.name || (generateName && generateName + randomBytes(3).toString("hex"));
  if (!name) throw invalid(kind, "", "metadata.name", "name or generateName is required");
  if (storage.get(kind, sent.metadata.namespace ?? "", name) !== undefined) {
    throw apiStatus(409, `${kind.plural} "${name}" already exists`, { name, kind: kind.plural }, {}, "AlreadyExists");
  }
  const metadata: ApiObjectMeta = {
    ...sent.metadata,
    name,
    uid: randomUUID(),
    creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
    ...(kind.generation ? { generation: 1 } : {}),
  };
  const object = completeObject({ ...sent, metadata }, storage.resourceVersion);
  if (kind.status && options.part !== "all") delete object.status;
  checkObject(kind, object);
  return options.dryRun === true ? object : storage.put(kind, object, options.quiet);
}

/**
 * Replaces an object that is there. A write that changes nothing makes no version; one that takes the last finalizer
 * from an object that is being deleted removes it.
 *
 * @throws ApiStatus 404, 409 when it changed meanwhile, 422
 */
export function updateObject(storage: ObjectStorage, ...[kind, sent, options = {}]: Parameters<Write>): ApiObject {
  const { name, namespace = "", resourceVersion, uid } = sent.metadata;
  const stored = storage.get(kind, namespace, name);
  if (stored === undefined) throw notFound(kind, name);
  if (resourceVersion === undefined && !kind.unconditionalUpdate && options.part !== "all") {
    throw invalid(kind, name, "metadata.resourceVersion", "must be specified for an update");
  }
  const isOther = uid !== undefined && uid !== stored.metadata.uid;
  if (isOther || (resourceVersion !== undefined && resourceVersion !== stored.metadata.resourceVersion)) {
    throw conflict(kind, name);
  }
  const object = completeObject(joinParts(kind, stored, sent, options.part ?? "main"), storage.resourceVersion);
  checkObject(kind, object);
  if (isDeepStrictEqual(object, stored)) return stored;
  if (kind.generation && !isDeepStrictEqual(specification(object), specification(stored))) {
    object.metadata.generation = (stored.metadata.generation ?? 0) + 1;
  }
  if (options.dryRun === true) return object;
  const isEnded = object.metadata.deletionTimestamp !== undefined && !object.metadata.finalizers?.length;
  return isEnded ? storage.remove(kind, object, options.quiet) : storage.put(kind, object, options.quiet);
}

/** What a write to one half leaves of the other, with the metadata that only the server sets. */
function joinParts(kind: ResourceKind, stored: ApiObject, sent: ApiObject, part: string): ApiObject {
  if (part === "status") {
    const metadata = { ...stored.metadata };
    if (sent.metadata.managedFields !== undefined) metadata.managedFields = sent.metadata.managedFields;
    const { status: _, ...rest } = stored;
    return sent.status === undefined
      ? ({ ...rest, metadata } as ApiObject)
      : { ...stored, metadata, status: sent.status };
  }
  const metadata: ApiObjectMeta = { ...sent.metadata };
  for (const field of ["uid", "creationTimestamp", "generation", "deletionTimestamp", "resourceVersion"]) {
    delete metadata[field];
    if (stored.metadata[field] !== undefined) metadata[field] = stored.metadata[field];
  }
  const { status, ...rest } = sent;
  const kept = part === "all" ? (status ?? stored.status) : kind.status ? stored.status : status;
  const object = { ...rest, apiVersion: stored.apiVersion, kind: stored.kind, metadata } as ApiObject;
  if (kept !== undefined) object.status = kept;
  const address = isJson(stored.spec) ? stored.spec.clusterIP : undefined;
  if (kind.kind === "Service" && address !== undefined && isJson(object.spec)) {
    object.spec = { ...object.spec, clusterIP: object.spec.clusterIP ?? address };
  }
  return object;
}

const specification = ({ metadata: _, status: __, ...rest }: ApiObject): Json => rest;

/**
 * Removes an object, or marks it as being deleted while it has finalizers. Returns what it was last.
 *
 * @throws ApiStatus 404, 409 when a precondition does not hold
 */
export function deleteObject(
  storage: ObjectStorage,
  kind: ResourceKind,
  { namespace = "", name }: { namespace?: string; name: string },
  options: WriteOptions & { preconditions?: unknown } = {},
): ApiObject {
  const stored = storage.get(kind, namespace, name);
  if (stored === undefined) throw notFound(kind, name);
  const { uid, resourceVersion } = isJson(options.preconditions) ? options.preconditions : {};
  const isSame =
    (uid ?? stored.metadata.uid) === stored.metadata.uid &&
    (resourceVersion ?? stored.metadata.resourceVersion) === stored.metadata.resourceVersion;
  if (!isSame) throw conflict(kind, name);
  if (options.dryRun === true) return stored;
  if (!stored.metadata.finalizers?.length) return storage.remove(kind, stored, options.quiet);
  if (stored.metadata.deletionTimestamp !== undefined) return stored;
  const deletionTimestamp = `${new Date().toISOString().slice(0, 19)}Z`;
  return storage.put(kind, { ...stored, metadata: { ...stored.metadata, deletionTimestamp } }, options.quiet);
}

export const notFound = (kind: ResourceKind, name: string) =>
  apiStatus(404, `${resourceOf(kind)} "${name}" not found`, { name, group: kind.group, kind: kind.plural });

const conflict = (kind: ResourceKind, name: string) =>
  apiStatus(409, `Operation cannot be fulfilled on ${resourceOf(kind)} "${name}": the object has been modified`, {
    name,
    group: kind.group,
    kind: kind.plural,
  });

const resourceOf = ({ group, plural }: ResourceKind): string => (group === "" ? plural : `${plural}.${group}`);
