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
}
