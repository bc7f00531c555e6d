import type { IncomingMessage } from "node:http";
import { type ApiObject, isJson, type Json } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import { invalid } from "./check-object.ts";
import type { ObjectStorage } from "./object-storage.ts";
import { APPLY, patchObject, readJson } from "./patch-object.ts";
import { type ApiRequestInfo, readBody } from "./read-request.ts";
import { apiVersionOf, type ResourceKind } from "./resource-kinds.ts";
import { fromScale, toScale } from "./scale.ts";
import { readSelectors } from "./select-objects.ts";
import { inVersion } from "./serve-list.ts";
import { createObject, deleteObject, notFound, updateObject, type WriteOptions } from "./write-objects.ts";

/** Answers what is about one object: its status code and body. @throws ApiStatus */
export async function answerRequest(
  storage: ObjectStorage,
  kind: ResourceKind,
  info: ApiRequestInfo,
  request: IncomingMessage,
): Promise<{ code: number; body: Json }> {
  checkSubresource(kind, info);
  const body = info.verb === "get" ? "" : await readBody(request);
  const options: WriteOptions = {
    dryRun: info.query.get("dryRun") === "All",
    part: info.subresource === "status" ? "status" : "main",
  };
  const shown = (object: ApiObject): Json =>
    info.subresource === "scale" ? toScale(object) : inVersion(kind, info.version, object);
  switch (info.verb) {
    case "get":
      return { code: 200, body: shown(existing(storage, kind, info)) };
    case "create":
      return { code: 201, body: shown(createObject(storage, kind, readObject(kind, info, body), options)) };
    case "update":
      return { code: 200, body: shown(update(storage, kind, info, body, options)) };
    case "patch":
      return patch(storage, kind, info, body, request.headers["content-type"] ?? "", options, shown);
    case "delete": {
      const sent = body === "" ? undefined : readJson(body);
      const preconditions = isJson(sent) ? sent.preconditions : undefined;
      const dryRun = options.dryRun === true || (isJson(sent) && Array.isArray(sent.dryRun) && sent.dryRun.length > 0);
      const last = deleteObject(storage, kind, info, { preconditions, dryRun });
      const details = { name: info.name, group: kind.group, kind: kind.plural, uid: last.metadata.uid };
      return { code: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details } };
    }
    case "deletecollection": {
      const select = readSelectors(info.query);
      for (const object of storage.list(kind, info.namespace).filter((item) => select === undefined || select(item))) {
        deleteObject(storage, kind, object.metadata, options);
      }
      return { code: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" } };
    }
    default:
      throw apiStatus(405, `${info.verb} is not supported on resources of kind ${kind.plural}`);
  }
}

function checkSubresource(kind: ResourceKind, { subresource }: ApiRequestInfo): void {
  const isServed =
    subresource === "" || (subresource === "status" && kind.status) || (subresource === "scale" && kind.scale);
  if (!isServed) throw apiStatus(404, "the server could not find the requested resource");
}

function existing(storage: ObjectStorage, kind: ResourceKind, { namespace, name }: ApiRequestInfo): ApiObject {
  const object = storage.get(kind, namespace, name);
  if (object === undefined) throw notFound(kind, name);
  return object;
}

function update(
  storage: ObjectStorage,
  kind: ResourceKind,
  info: ApiRequestInfo,
  body: string,
  options: WriteOptions,
): ApiObject {
  if (info.subresource !== "scale") return updateObject(storage, kind, readObject(kind, info, body), options);
  return updateObject(storage, kind, fromScale(existing(storage, kind, info), readJson(body)), options);
}

function patch(
  storage: ObjectStorage,
  kind: ResourceKind,
  info: ApiRequestInfo,
  body: string,
  contentType: string,
  options: WriteOptions,
  shown: (object: ApiObject) => Json,
): { code: number; body: Json } {
  const old = storage.get(kind, info.namespace, info.name);
  if (old === undefined && !contentType.startsWith(APPLY)) throw notFound(kind, info.name);
  const fieldManager = info.query.get("fieldManager") ?? "";
  const how = { contentType, body, fieldManager, force: info.query.get("force") === "true" };
  if (info.subresource === "scale" && old !== undefined) {
    const scale = patchObject({ ...kind, custom: true }, toScale(old) as ApiObject, how);
    return { code: 200, body: shown(updateObject(storage, kind, fromScale(old, scale), options)) };
  }
  const patched = identify(kind, info, patchObject(kind, old, how));
  if (old !== undefined) return { code: 200, body: shown(updateObject(storage, kind, patched, options)) };
  return { code: 201, body: shown(createObject(storage, kind, patched, options)) };
}

/** @throws ApiStatus 400 for what is no object of this kind in this place */
function readObject(kind: ResourceKind, info: ApiRequestInfo, body: string): ApiObject {
  const sent = readJson(body);
  if (!isJson(sent) || !isJson(sent.metadata)) throw apiStatus(400, "the body is no object with metadata");
  return identify(kind, info, sent as ApiObject);
}

function identify(kind: ResourceKind, info: ApiRequestInfo, object: ApiObject): ApiObject {
  const metadata = { ...object.metadata };
  const apiVersion = apiVersionOf(kind, info.version);
  const isOfKind = (object.kind ?? kind.kind) === kind.kind;
  const isOfVersion = kind.versions.some(
    (version) => apiVersionOf(kind, version) === (object.apiVersion ?? apiVersion),
  );
  if (!isOfKind || !isOfVersion) throw apiStatus(400, `${object.apiVersion} ${object.kind} is not ${kind.kind}`);
  if (info.name !== "" && (metadata.name ?? info.name) !== info.name) {
    throw apiStatus(400, `the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`);
  }
  if (info.name !== "") metadata.name = info.name;
  if (!kind.namespaced) delete metadata.namespace;
  else if (metadata.namespace !== undefined && metadata.namespace !== info.namespace) {
    throw apiStatus(400, "the namespace of the provided object does not match the namespace sent on the request");
  } else if (info.namespace === "") throw invalid(kind, metadata.name, "metadata.namespace", "is required");
  else metadata.namespace = info.namespace;
  return { ...object, apiVersion, kind: kind.kind, metadata };
}
