import { type ApiObject, isJson, type Json } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import type { ResourceKind } from "./resource-kinds.ts";

/** RFC 1123 subdomain, as names of nearly all kinds are. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** `MicroTime` is read with a layout of exactly six decimals: what Date.toISOString() writes is refused. */
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** Refuses what a server refuses in the kinds that Sluice writes. @throws ApiStatus 400 or 422 */
export function checkObject(kind: ResourceKind, object: ApiObject): void {
  const { name } = object.metadata;
  if (!NAME.test(name) || name.length > 253) {
    throw invalid(kind, name, "metadata.name", "a lowercase RFC 1123 subdomain is wanted");
  }
  if (kind.kind === "Lease") checkLease(kind, object);
  if (kind.kind === "Event") checkEvent(kind, object);
}

function checkLease(kind: ResourceKind, object: ApiObject): void {
  const spec = isJson(object.spec) ? object.spec : {};
  checkMicroTime("Lease", spec, "acquireTime");
  checkMicroTime("Lease", spec, "renewTime");
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  if (typeof duration === "number" && duration <= 0) {
    throw invalid(kind, object.metadata.name, "spec.leaseDurationSeconds", "must be greater than 0");
  }
  if (typeof transitions === "number" && transitions < 0) {
    throw invalid(kind, object.metadata.name, "spec.leaseTransitions", "must be greater than or equal to 0");
  }
}

function checkEvent(kind: ResourceKind, object: ApiObject): void {
  checkMicroTime("Event", object, "eventTime");
  if (isJson(object.series)) checkMicroTime("Event", object.series, "lastObservedTime");
  const about = kind.group === "" ? object.involvedObject : object.regarding;
  const field = kind.group === "" ? "involvedObject.namespace" : "regarding.namespace";
  const namespace = (isJson(about) ? about.namespace : undefined) || "default";
  if (object.metadata.namespace !== namespace) {
    throw invalid(kind, object.metadata.name, field, "does not match event.namespace");
  }
  if (kind.group === "") return;
  for (const needed of ["eventTime", "reportingController", "reportingInstance", "action", "reason"]) {
    if (!object[needed]) throw invalid(kind, object.metadata.name, needed, "is required");
  }
  if (object.type !== "Normal" && object.type !== "Warning") {
    throw invalid(kind, object.metadata.name, "type", "must be Normal or Warning");
  }
  if (typeof object.note === "string" && Buffer.byteLength(object.note) > 1024) {
    throw invalid(kind, object.metadata.name, "note", "can have at most 1024 bytes");
  }
}

function checkMicroTime(kind: string, holder: Json, field: string): void {
  const value = holder[field];
  if (value === undefined || value === null) return;
  if (typeof value === "string" && MICRO_TIME.test(value)) return;
  throw apiStatus(400, `${kind} cannot be handled: ${field} ${JSON.stringify(value)} is not of six decimals`);
}

export function invalid(kind: ResourceKind, name: string, field: string, message: string) {
  const causes = [{ reason: "FieldValueInvalid", message, field }];
  const details = { name, group: kind.group, kind: kind.kind, causes };
  return apiStatus(422, `${kind.kind} "${name}" is invalid: ${field}: ${message}`, details);
}
