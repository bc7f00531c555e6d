import { ChangeJournal } from "./change-journal.ts";
import { kindOf } from "./known-kinds.ts";
import type { Kind, KubernetesObject } from "./kubernetes-object.ts";
import { namedParents } from "./named-parents.ts";
import type { ObjectChange, ObjectJournal, ObjectName, ObjectReader } from "./object-store.ts";
import { SortedObjects } from "./sorted-objects.ts";

/** An object store that its source keeps up to date. */
export interface ObjectStore extends ObjectReader {
  readonly journal: ObjectJournal;
  /** Adds an object or takes the place of its older self. Kinds that Sluice does not read are passed over. */
  put(object: KubernetesObject): void;
  remove(kind: Kind, namespace: string, name: string): void;
}

/** Slices name their Service in this label (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/). */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

/** A store in memory. Of two objects with one kind, namespace and name the last counts. */
export function createObjectStore(objects: Iterable<KubernetesObject> = []): ObjectStore {
  const store = new MemoryStore();
  for (const object of objects) store.put(object);
  return store;
}

const none: readonly KubernetesObject[] = [];

class MemoryStore implements ObjectStore {
  readonly journal = new ChangeJournal();
  private readonly kinds = new Map<Kind, SortedObjects>();
  /** Of each Service, by name. */
  private readonly slices = new Map<string, readonly KubernetesObject[]>();
  /** IngressRoutes by the parents that they name, BackendTLSPolicies by their Services. */
  private readonly below = new Map<string, SortedObjects>();

  get(kind: Kind, namespace: string, name: string): KubernetesObject | undefined {
    return this.kinds.get(kind)?.get(keyOf(namespace, name));
  }

  list(kind: Kind): Iterable<KubernetesObject> {
    return this.kinds.get(kind)?.list() ?? none;
  }

  endpointSlices(namespace: string, service: string): readonly KubernetesObject[] {
    return this.slices.get(keyOf(namespace, service)) ?? none;
  }

  routesBelow(namespace: string, name: string): readonly KubernetesObject[] {
    return this.below.get(belowKey("IngressRoute", { namespace, name }))?.list() ?? none;
  }

  policiesFor(namespace: string, service: string): readonly KubernetesObject[] {
    return this.below.get(belowKey("BackendTLSPolicy", { namespace, name: service }))?.list() ?? none;
  }

  put(object: KubernetesObject): void {
    const kind = kindOf(object);
    if (kind === undefined) return;
    const { namespace = "", name } = object.metadata;
    if (this.get(kind, namespace, name) === object) return;
    this.remove(kind, namespace, name);
    let objects = this.kinds.get(kind);
    if (objects === undefined) {
      objects = new SortedObjects();
      this.kinds.set(kind, objects);
    }
    objects.set(keyOf(namespace, name), object);
    if (kind === "EndpointSlice") this.indexSlice(object);
    const change = changeOf(kind, object);
    for (const parent of change.parents ?? []) {
      const key = belowKey(kind, parent);
      const below = this.below.get(key) ?? new SortedObjects();
      this.below.set(key, below);
      below.set(keyOf(namespace, name), object);
    }
    this.journal.add(change);
  }

  remove(kind: Kind, namespace: string, name: string): void {
    const old = this.get(kind, namespace, name);
    if (old === undefined) return;
    this.kinds.get(kind)?.delete(keyOf(namespace, name));
    const change = changeOf(kind, old);
    this.journal.add(change);
    for (const parent of change.parents ?? []) {
      const key = belowKey(kind, parent);
      const below = this.below.get(key);
      below?.delete(keyOf(namespace, name));
      if (below?.size === 0) this.below.delete(key);
    }
    const { service } = change;
    if (service === undefined) return;
    const key = keyOf(namespace, service);
    const slices = this.slices.get(key) ?? none;
    if (slices.length > 1) this.slices.set(key, slices.toSpliced(placeOf(name, slices), 1));
    else this.slices.delete(key);
  }

  private indexSlice(slice: KubernetesObject): void {
    const { namespace = "", labels } = slice.metadata;
    const service = labels?.[SERVICE_NAME_LABEL];
    if (service === undefined) return;
    const key = keyOf(namespace, service);
    const slices = this.slices.get(key) ?? none;
    this.slices.set(key, slices.toSpliced(placeOf(slice.metadata.name, slices), 0, slice));
  }
}

/** The index of the first that is not before this name: a Service with 500,000 Pods has thousands of slices. */
function placeOf(name: string, slices: readonly KubernetesObject[]): number {
  let low = 0;
  let high = slices.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slices[middle]?.metadata.name ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function changeOf(kind: Kind, object: KubernetesObject): ObjectChange {
  const { namespace = "", name } = object.metadata;
  const service = serviceOf(kind, object);
  const parents = namedParents(kind, object);
  return {
    kind,
    namespace,
    name,
    ...(service === undefined ? {} : { service }),
    ...(parents.length === 0 ? {} : { parents }),
  };
}

const serviceOf = (kind: Kind, object: KubernetesObject): string | undefined =>
  kind === "EndpointSlice" ? object.metadata.labels?.[SERVICE_NAME_LABEL] : undefined;

const belowKey = (kind: Kind, { namespace, name }: ObjectName): string => [kind, namespace, name].join("\0");

/**
 * Names hold no NUL, so no two pairs share a key, and keys sort by namespace and then by name. Joined, since a text that
 * is put together stays in its pieces, which take more room than the text.
 */
const keyOf = (namespace: string, name: string): string => [namespace, name].join("\0");
