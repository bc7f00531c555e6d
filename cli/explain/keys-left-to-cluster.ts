import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import { serviceName } from "../../sync-agent/translate/names.ts";
import { portsOf } from "../dev/stand-in-objects.ts";

/** The keys that the endpoints of these Services (`namespace/name`) have in a table. */
export function keysLeftToCluster(services: ReadonlySet<string>, objects: ObjectReader): Set<string> {
  const keys = new Set<string>();
  for (const service of services) {
    const [namespace = "", name = ""] = service.split("/");
    const object = objects.get("Service", namespace, name);
    if (object === undefined) continue;
    for (const { port } of portsOf(object)) keys.add(serviceName(namespace, name, port));
  }
  return keys;
}
