import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";

/** Everything that a translation read, with what it found there, misses included. */
export interface Reads {
  /** Whether the same reads would find the very same objects. */
  unchanged(objects: ObjectReader): boolean;
}

/** A reader that remembers what is read through it. */
export function recordReads(objects: ObjectReader): { reader: ObjectReader; reads: Reads } {
  const gets = new Map<string, { args: [Kind, string, string]; found: KubernetesObject | undefined }>();
  const lists = new Map<Kind, readonly KubernetesObject[]>();
  const slices = new Map<string, { args: [string, string]; found: readonly KubernetesObject[] }>();
  const reader: ObjectReader = {
    get(...args) {
      const found = objects.get(...args);
      gets.set(args.join("\0"), { args, found });
      return found;
    },
    list(kind) {
      const found = asArray(objects.list(kind));
      lists.set(kind, found);
      return found;
    },
    endpointSlices(...args) {
      const found = objects.endpointSlices(...args);
      slices.set(args.join("\0"), { args, found });
      return found;
    },
  };
  const unchanged = (now: ObjectReader): boolean =>
    gets.values().every(({ args, found }) => now.get(...args) === found) &&
    slices.values().every(({ args, found }) => sameObjects(now.endpointSlices(...args), found)) &&
    lists.entries().every(([kind, found]) => sameObjects(asArray(now.list(kind)), found));
  return { reader, reads: { unchanged } };
}

const asArray = (objects: Iterable<KubernetesObject>): readonly KubernetesObject[] =>
  Array.isArray(objects) ? objects : [...objects];

const sameObjects = (a: readonly KubernetesObject[], b: readonly KubernetesObject[]): boolean =>
  a === b || (a.length === b.length && a.every((object, index) => object === b[index]));
