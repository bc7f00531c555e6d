import { addOwner, eachOwner, type Owners, removeOwner } from "../../src/table/owners.ts";
import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectChange, ObjectReader } from "../source/object-store.ts";

/** One thing that was read, with what was found there, misses included. Shared by all that read it. */
export interface Read<Reader> {
  readonly key: string;
  /** Whether the read would find the very same objects. */
  isCurrent(objects: ObjectReader): boolean;
  readers: Owners<Reader> | undefined;
}

/** Knows for everything that was read who has read it, so that a change leads to those whom it concerns. */
export class ReadIndex<Reader extends object> {
  readonly #reads = new Map<string, Read<Reader>>();

  /** A reader of `objects` that remembers what is read through it on behalf of `reader`, and where. */
  record(objects: ObjectReader, reader: Reader): { objects: ObjectReader; reads: Set<Read<Reader>> } {
    const reads = new Set<Read<Reader>>();
    const note = (key: string, isCurrent: Read<Reader>["isCurrent"]): void => {
      const known = this.#reads.get(key);
      const read = known ?? { key, isCurrent, readers: undefined };
      read.isCurrent = isCurrent;
      if (known === undefined) this.#reads.set(key, read);
      read.readers = addOwner(read.readers, reader);
      reads.add(read);
    };
    return {
      reads,
      objects: {
        get(kind, namespace, name) {
          const found = objects.get(kind, namespace, name);
          note(objectKey(kind, namespace, name), (now) => now.get(kind, namespace, name) === found);
          return found;
        },
        list(kind) {
          const found = asArray(objects.list(kind));
          note(listKey(kind), (now) => sameObjects(asArray(now.list(kind)), found));
          return found;
        },
        endpointSlices(namespace, service) {
          const found = objects.endpointSlices(namespace, service);
          note(slicesKey(namespace, service), (now) => sameObjects(now.endpointSlices(namespace, service), found));
          return found;
        },
      },
    };
  }

  /** Forgets what was read on behalf of `reader`. */
  forget(reader: Reader, reads: Iterable<Read<Reader>>): void {
    for (const read of reads) {
      read.readers = removeOwner(read.readers, reader);
      if (read.readers === undefined) this.#reads.delete(read.key);
    }
  }

  /** Whoever read what is no longer as it was. Without `changes` everything that was read is looked at again. */
  outdated(objects: ObjectReader, changes: Iterable<ObjectChange> | undefined): Set<Reader> {
    const readers = new Set<Reader>();
    for (const read of changes === undefined ? this.#reads.values() : this.#concerned(changes)) {
      if (read.isCurrent(objects)) continue;
      for (const reader of eachOwner(read.readers)) readers.add(reader);
    }
    return readers;
  }

  #concerned(changes: Iterable<ObjectChange>): Set<Read<Reader>> {
    const reads = new Set<Read<Reader>>();
    for (const { kind, namespace, name, service } of changes) {
      const keys = [objectKey(kind, namespace, name), listKey(kind)];
      if (service !== undefined) keys.push(slicesKey(namespace, service));
      for (const key of keys) {
        const read = this.#reads.get(key);
        if (read !== undefined) reads.add(read);
      }
    }
    return reads;
  }
}

const objectKey = (kind: Kind, namespace: string, name: string): string => `${kind}\0${namespace}\0${name}`;
const listKey = (kind: Kind): string => kind;
/** No kind is empty, so no object has such a key. */
const slicesKey = (namespace: string, service: string): string => `\0${namespace}\0${service}`;

const asArray = (objects: Iterable<KubernetesObject>): readonly KubernetesObject[] =>
  Array.isArray(objects) ? objects : [...objects];

const sameObjects = (a: readonly KubernetesObject[], b: readonly KubernetesObject[]): boolean =>
  a === b || (a.length === b.length && a.every((object, index) => object === b[index]));
