import type { Kind, KubernetesObject } from "./kubernetes-object.ts";

/**
 * What translators read. Every source (a folder, an API server) fills one. Objects are never changed in place:
 * a changed object is another object, so identity tells whether anything changed.
 */
export interface ObjectReader {
  get(kind: Kind, namespace: string, name: string): KubernetesObject | undefined;
  /** All objects of a kind, by namespace and name. */
  list(kind: Kind): Iterable<KubernetesObject>;
  /** The EndpointSlices that carry the Service's name in `kubernetes.io/service-name`, in its namespace. */
  endpointSlices(namespace: string, service: string): readonly KubernetesObject[];
  /** The IngressRoutes that name this one as a parent (`spec.parentRefs`), by namespace and name. */
  routesBelow(namespace: string, name: string): readonly KubernetesObject[];
  /** The BackendTLSPolicies that name this Service of their own namespace (`spec.targetRefs`), by name. */
  policiesFor(namespace: string, service: string): readonly KubernetesObject[];
  /** What was changed and when, for readers that come again. Without one, all that was read must be looked at again. */
  readonly journal?: ObjectJournal;
}

/** The changes of a store, as far back as they are remembered. */
export interface ObjectJournal {
  /** How many changes there were. */
  readonly version: number;
  /** The changes since a version, the oldest first, repetitions included; undefined when they are forgotten. */
  since(version: number): readonly ObjectChange[] | undefined;
}

/** An object that was put or removed. */
export interface ObjectChange {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** Of an EndpointSlice: the Service that it belongs to, or belonged to before. */
  readonly service?: string;
  /** Of an IngressRoute: those that it names as parents, or named before. Of a BackendTLSPolicy: the Services. */
  readonly parents?: readonly ObjectName[];
}

/** What tells an object from others of its kind. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}
