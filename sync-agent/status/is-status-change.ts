import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { statusPath } from "./status-path.ts";

/**
 * Whether only the status of an object has changed, as it does when this agent writes it: nothing to translate, and
 * no reason to wake up. `metadata.generation` counts the changes of everything but metadata and status; it is relied
 * upon for the kinds only whose statuses are written.
 */
export function isStatusChange(before: KubernetesObject, after: KubernetesObject): boolean {
  const { uid, generation, labels, annotations } = before.metadata;
  return (
    statusPath(after) !== undefined &&
    generation !== undefined &&
    generation === after.metadata.generation &&
    uid === after.metadata.uid &&
    before.apiVersion === after.apiVersion &&
    isDeepStrictEqual(labels, after.metadata.labels) &&
    isDeepStrictEqual(annotations, after.metadata.annotations)
  );
}
