import type { Kind, KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { objectName } from "../names.ts";

/** A namespace has 63 characters at most, the name of an object 253. */
const LONGEST = 63 + 1 + 253;

/**
 * Finds the object that Traefik calls `<namespace>-<name>`. Both parts may hold `-`, so each split is tried; should
 * two objects fit, that of the namespace `own` is taken, lest somebody elsewhere takes its place, or else the one with the
 * shortest namespace.
 */
export function findByName(kind: Kind, name: string, objects: ObjectReader, own: string): KubernetesObject | undefined {
  if (name.length > LONGEST) return undefined;
  const beside = name.startsWith(`${own}-`) ? objects.get(kind, own, name.slice(own.length + 1)) : undefined;
  if (beside !== undefined) return beside;
  for (let dash = name.indexOf("-"); dash !== -1; dash = name.indexOf("-", dash + 1)) {
    const found = objects.get(kind, name.slice(0, dash), name.slice(dash + 1));
    if (found !== undefined) return found;
  }
  return namesOf(objects.list(kind)).get(name);
}

/** An annotation may hold thousands of names, and none of them be anyone's. */
const known = new WeakMap<Iterable<KubernetesObject>, ReadonlyMap<string, KubernetesObject>>();

function namesOf(objects: Iterable<KubernetesObject>): ReadonlyMap<string, KubernetesObject> {
  let names = known.get(objects);
  if (names === undefined) {
    const made = new Map<string, KubernetesObject>();
    for (const object of objects) {
      const name = objectName(object.metadata.namespace ?? "", object.metadata.name);
      if (!made.has(name)) made.set(name, object);
    }
    names = made;
    known.set(objects, names);
  }
  return names;
}
