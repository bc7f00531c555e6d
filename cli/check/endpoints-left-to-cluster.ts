import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import { servicesWithoutEndpoints } from "../dev/stand-in-objects.ts";

/**
 * Services (`namespace/name`) that choose their Pods by a selector and have no EndpointSlices among the manifests:
 * the cluster makes those, so that nothing is wrong with a folder that lacks them.
 */
export function endpointsLeftToCluster(objects: ObjectReader): Set<string> {
  const services = servicesWithoutEndpoints(objects).filter(({ spec }) => {
    const selector: unknown = typeof spec === "object" && spec !== null ? Reflect.get(spec, "selector") : undefined;
    return typeof selector === "object" && selector !== null && Object.keys(selector).length > 0;
  });
  return new Set(services.map(({ metadata: { namespace = "", name } }) => `${namespace}/${name}`));
}
