import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import { servicesWithoutEndpoints } from "../dev/stand-in-objects.ts";

/**
 * Services (`namespace/name`) without EndpointSlices among the manifests that a cluster can serve all the same: it
 * makes slices for a selector, and a cluster IP is an address by itself. Nothing is wrong with a folder of such.
 */
export function endpointsLeftToCluster(objects: ObjectReader): Set<string> {
  const left = servicesWithoutEndpoints(objects).filter((service) => hasSelector(service) || hasClusterIp(service));
  return new Set(left.map(({ metadata: { namespace = "", name } }) => `${namespace}/${name}`));
}

function hasSelector(service: KubernetesObject): boolean {
  const selector = specField(service, "selector");
  return typeof selector === "object" && selector !== null && Object.keys(selector).length > 0;
}

/** Headless Services have `None`. */
function hasClusterIp(service: KubernetesObject): boolean {
  const address = specField(service, "clusterIP");
  return typeof address === "string" && address !== "" && address !== "None";
}

function specField({ spec }: KubernetesObject, name: string): unknown {
  return typeof spec === "object" && spec !== null ? Reflect.get(spec, name) : undefined;
}
