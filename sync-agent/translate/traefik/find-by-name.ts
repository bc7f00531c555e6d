import type { Kind, KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { objectName } from "../names.ts";

/**
 * Finds the object that Traefik calls `<namespace>-<name>`. Both parts may hold `-`, so each split is tried; should
 * two objects fit, the one with the shortest namespace is taken.
 */
export function findByName(kind: Kind, name: string, objects: ObjectReader): KubernetesObject | undefined {
  for (let dash = name.indexOf("-"); dash !== -1; dash = name.indexOf("-", dash + 1)) {
    const found = objects.get(kind, name.slice(0, dash), name.slice(dash + 1));
    if (found !== undefined) return found;
  }
  for (const object of objects.list(kind)) {
    if (objectName(object.metadata.namespace ?? "", object.metadata.name) === name) return object;
  }
  return undefined;
}
