import type { ApiObject } from "./api-object.ts";
import { apiVersionOf, keyOf, type ResourceKind } from "./resource-kinds.ts";

export interface Change {
  type: "ADDED" | "MODIFIED" | "DELETED";
  resourceVersion: number;
  /** As it is now; of a deletion as it was last, with the deletion's resourceVersion. */
  object: ApiObject;
  previous: ApiObject | undefined;
}

interface Shelf {
  objects: Map<string, ApiObject>;
  /** In the order of keys, made when it is asked for. */
  sorted: ApiObject[] | undefined;
  changes: Change[];
  listeners: Set<(change: Change) => void>;
}

/**
 * What etcd holds: objects by kind, one counter of versions for all, and what happened to them since the last
 * compaction.
 */
export class ObjectStorage {
  resourceVersion = 1000;
  /** Changes before this one are forgotten. */
  compactedTo = 1000;
  private readonly shelves = new Map<string, Shelf>();

  get(kind: ResourceKind, namespace: string, name: string): ApiObject | undefined {
    return this.shelf(kind).objects.get(`${namespace}/${name}`);
  }

  /** In the order of their keys, which pages follow. */
  list(kind: ResourceKind, namespace = ""): ApiObject[] {
    const shelf = this.shelf(kind);
    shelf.sorted ??= [...shelf.objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    return namespace === "" ? shelf.sorted : shelf.sorted.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** Stores under the next version and tells who listens, unless `quiet`. Returns what is stored. */
  put(kind: ResourceKind, object: ApiObject, quiet = false): ApiObject {
    const shelf = this.shelf(kind);
    const key = storageKey(object);
    const previous = shelf.objects.get(key);
    const stored = this.nextVersion(kind, object);
    shelf.objects.set(key, stored);
    this.tell(shelf, previous === undefined ? "ADDED" : "MODIFIED", stored, previous, quiet);
    return stored;
  }

  remove(kind: ResourceKind, object: ApiObject, quiet = false): ApiObject {
    const shelf = this.shelf(kind);
    const previous = shelf.objects.get(storageKey(object));
    shelf.objects.delete(storageKey(object));
    const last = this.nextVersion(kind, object);
    this.tell(shelf, "DELETED", last, previous, quiet);
    return last;
  }

  /** What happened after a version, oldest first. */
  changesSince(kind: ResourceKind, resourceVersion: number): Change[] {
    return this.shelf(kind).changes.filter((change) => change.resourceVersion > resourceVersion);
  }

  listen(kind: ResourceKind, listener: (change: Change) => void): () => void {
    const { listeners } = this.shelf(kind);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets the past: what was read at an older version cannot be followed from there any more. */
  compact(): void {
    this.resourceVersion += 1;
    this.compactedTo = this.resourceVersion;
    for (const shelf of this.shelves.values()) shelf.changes = [];
  }

  private nextVersion(kind: ResourceKind, object: ApiObject): ApiObject {
    this.resourceVersion += 1;
    const apiVersion = apiVersionOf(kind, kind.versions[0] ?? "v1");
    const metadata = { ...object.metadata, resourceVersion: String(this.resourceVersion) };
    return { ...object, apiVersion, kind: kind.kind, metadata };
  }

  private tell(
    shelf: Shelf,
    type: Change["type"],
    object: ApiObject,
    previous: ApiObject | undefined,
    quiet: boolean,
  ): void {
    shelf.sorted = undefined;
    if (quiet) return;
    const change = { type, resourceVersion: this.resourceVersion, object, previous };
    shelf.changes.push(change);
    for (const listener of [...shelf.listeners]) listener(change);
  }

  private shelf(kind: ResourceKind): Shelf {
    const key = keyOf(kind);
    let shelf = this.shelves.get(key);
    if (shelf === undefined) {
      shelf = { objects: new Map(), sorted: undefined, changes: [], listeners: new Set() };
      this.shelves.set(key, shelf);
    }
    return shelf;
  }
}

const storageKey = ({ metadata }: ApiObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;
