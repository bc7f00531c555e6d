import { addOwner, eachOwner, type Owners, removeOwner } from "../../src/table/owners.ts";
import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectChange, ObjectReader } from "../source/object-store.ts";

/**
 * One thing that was read, with what was found there, misses included. Shared by all that read it. There are as many
 * as objects, so they are plain.
 */
export interface Read<Reader> {
  readonly key: string;
  readonly of: "object" | "list" | "slices" | "below";
  readonly kind: Kind;
  readonly namespace: string;
  /** Of the object, of the slices' Service, of the IngressRoute that others stand below, or of the policies' Service. */
  readonly name: string;
  found: KubernetesObject | readonly KubernetesObject[] | undefined;
  readers: Owners<Reader> | undefined;
}

/** Knows for everything that was read who has read it, so that a change leads to those whom it concerns. */
export class ReadIndex<Reader extends object> {
  readonly #reads = new Map<string, Read<Reader>>();

  /** A reader of `objects` that remembers what is read through it on behalf of `reader`, and where. */
  record(objects: ObjectReader, reader: Reader): { objects: ObjectReader; reads: Set<Read<Reader>> } {
    const reads = new Set<Read<Reader>>();
    const note = (...[of, kind, namespace, name, found]: Noted): void => {
      const key = keyOf(of, kind, namespace, name);
      let read = this.#reads.get(key);
      if (read === undefined) {
        read = { key, of, kind, namespace, name, found, readers: undefined };
        this.#reads.set(key, read);
      }
      read.found = found;
      read.readers = addOwner(read.readers, reader);
      reads.add(read);
    };
    return {
      reads,
      objects: {
        get(kind, namespace, name) {
          const found = objects.get(kind, namespace, name);
          note("object", kind, namespace, name, found);
          return found;
        },
        list(kind) {
          const found = asArray(objects.list(kind));
          note("list", kind, "", "", found);
          return found;
        },
        endpointSlices(namespace, service) {
          const found = objects.endpointSlices(namespace, service);
          note("slices", "EndpointSlice", namespace, service, found);
          return found;
        },
        routesBelow(namespace, name) {
          const found = objects.routesBelow(namespace, name);
          note("below", "IngressRoute", namespace, name, found);
          return found;
        },
        policiesFor(namespace, service) {
          const found = objects.policiesFor(namespace, service);
          note("below", "BackendTLSPolicy", namespace, service, found);
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
      if (isSame(read.found, findAgain(read, objects))) continue;
      for (const reader of eachOwner(read.readers)) readers.add(reader);
    }
    return readers;
  }

  #concerned(changes: Iterable<ObjectChange>): Set<Read<Reader>> {
    const reads = new Set<Read<Reader>>();
    for (const { kind, namespace, name, service, parents = [] } of changes) {
      const keys = [keyOf("object", kind, namespace, name), keyOf("list", kind, "", "")];
      if (service !== undefined) keys.push(keyOf("slices", kind, namespace, service));
      for (const parent of parents) keys.push(keyOf("below", kind, parent.namespace, parent.name));
      for (const key of keys) {
        const read = this.#reads.get(key);
        if (read !== undefined) reads.add(read);
      }
    }
    return reads;
  }
}

type Found = Read<object>["found"];
type Noted = [of: Read<object>["of"], kind: Kind, namespace: string, name: string, found: Found];

const keyOf = (of: Read<object>["of"], kind: Kind, namespace: string, name: string): string =>
  [of, kind, namespace, name].join("\0");

function findAgain({ of, kind, namespace, name }: Read<object>, objects: ObjectReader): Found {
  switch (of) {
    case "object":
      return objects.get(kind, namespace, name);
    case "list":
      return asArray(objects.list(kind));
    case "slices":
      return objects.endpointSlices(namespace, name);
    case "below":
      return kind === "IngressRoute" ? objects.routesBelow(namespace, name) : objects.policiesFor(namespace, name);
  }
}

const asArray = (objects: Iterable<KubernetesObject>): readonly KubernetesObject[] =>
  Array.isArray(objects) ? objects : [...objects];

const isSame = (a: Found, b: Found): boolean =>
  a === b ||
  (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((object, index) => object === b[index]));
