import type { Problem } from "../../translate/problem.ts";
import { isNamespaced } from "../known-kinds.ts";
import type { KubernetesObject, ObjectMeta, ObjectRef } from "../kubernetes-object.ts";
import type { Resource } from "./resource.ts";
import { trimObject } from "./trim-object.ts";

/** What etcd takes by default is 1.5 MiB; what routes need is a few KiB. */
const MAX_OBJECT_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;

/** As an API server demands it; a NUL or a slash in a name could forge another's key. */
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?$/;

export interface Item {
  object: KubernetesObject;
  /** Empty when the server has sent none. */
  resourceVersion: string;
}

/**
 * An object of a list or of a watch's event, trimmed, with the kind and version that lists of built-in kinds leave out. What
 * is no such object, or is over 1 MiB when trimmed, is a problem instead: it is not kept, nor is its older self, so that
 * what is served follows from what the cluster holds and not from what this process has seen.
 */
export function readItem(value: unknown, resource: Resource): Item | { problem: Problem } {
  const { kind, apiVersion } = resource;
  const raw = isRecord(value) ? value : {};
  const given = isRecord(raw.metadata) ? raw.metadata : {};
  const ref = refOf(given, resource);
  const refuse = (code: Problem["code"], message: string, path: Problem["path"] = []): { problem: Problem } => ({
    problem: { code, severity: "error", object: ref, path, message, hint: "It is left out" },
  });
  if (!isName(given.name)) return refuse("not-an-object", `The API server lists a ${kind} without a usable name`);
  if (isNamespaced(kind) && !isName(given.namespace)) {
    return refuse("not-an-object", `The ${kind} \`${given.name}\` has no usable namespace`);
  }
  if (raw.kind !== undefined && raw.kind !== kind) {
    return refuse("not-an-object", `What the API server lists as ${kind} \`${given.name}\` is of another kind`, [
      "kind",
    ]);
  }
  for (const field of ["labels", "annotations"]) {
    if (given[field] == null || isTextMap(given[field])) continue;
    return refuse("invalid-field", `\`metadata.${field}\` must be a map of strings`, ["metadata", field]);
  }
  const object = trimObject(kind, apiVersion, raw, metadataOf(given, given.name));
  if (!isWithin(object, MAX_OBJECT_BYTES)) {
    return refuse("object-too-large", `The ${kind} \`${given.name}\` is larger than 1 MiB, or nested too deeply`);
  }
  return { object, resourceVersion: typeof given.resourceVersion === "string" ? given.resourceVersion : "" };
}

export interface ObjectNames {
  namespace: string;
  name: string;
}

/** Which object an event is about, however little of it can be read. */
export function readNames(value: unknown): ObjectNames | undefined {
  const metadata = isRecord(value) && isRecord(value.metadata) ? value.metadata : {};
  const { name, namespace = "" } = metadata;
  return isName(name) && (namespace === "" || isName(namespace)) ? { namespace, name } : undefined;
}

/** Undefined when there is none. */
export function readResourceVersion(value: unknown): string | undefined {
  const metadata = isRecord(value) && isRecord(value.metadata) ? value.metadata : {};
  const { resourceVersion } = metadata;
  return typeof resourceVersion === "string" && resourceVersion !== "" ? resourceVersion : undefined;
}

function metadataOf(given: Record<string, unknown>, name: string): ObjectMeta {
  const metadata: ObjectMeta = { name };
  const { namespace, labels, annotations, creationTimestamp, generation, resourceVersion, uid } = given;
  if (typeof namespace === "string" && namespace !== "") metadata.namespace = namespace;
  if (isTextMap(labels)) metadata.labels = labels;
  if (isTextMap(annotations)) metadata.annotations = annotations;
  if (typeof creationTimestamp === "string") metadata.creationTimestamp = creationTimestamp;
  if (typeof generation === "number") metadata.generation = generation;
  if (typeof resourceVersion === "string") metadata.resourceVersion = resourceVersion;
  if (typeof uid === "string") metadata.uid = uid;
  return metadata;
}

const refOf = ({ name, namespace }: Record<string, unknown>, { kind, apiVersion }: Resource): ObjectRef => ({
  apiVersion,
  kind,
  namespace: isName(namespace) ? namespace : "",
  name: isName(name) ? name : "",
});

/** Whether a value's JSON is about this long at most. Counts without writing it, and without recursion. */
function isWithin(value: unknown, maxBytes: number): boolean {
  let bytes = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return false;
    const next: unknown[] = [];
    for (const one of level) {
      bytes += typeof one === "string" ? Buffer.byteLength(one) + 2 : 4;
      if (typeof one === "object" && one !== null) {
        for (const [key, part] of Object.entries(one)) {
          if (!Array.isArray(one)) bytes += key.length + 4;
          next.push(part);
        }
      }
      if (bytes > maxBytes) return false;
    }
    level = next;
  }
  return true;
}

const isName = (value: unknown): value is string => typeof value === "string" && NAME.test(value);

const isTextMap = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((text) => typeof text === "string");

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
