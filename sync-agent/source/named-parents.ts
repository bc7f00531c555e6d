import type { Kind, KubernetesObject } from "./kubernetes-object.ts";
import type { ObjectName } from "./object-store.ts";

/** The IngressRoutes that an IngressRoute names in `spec.parentRefs`, each once, as far as that can be read. */
export function namedParents(kind: Kind, { metadata, spec }: KubernetesObject): ObjectName[] {
  if (kind !== "IngressRoute" || typeof spec !== "object" || spec === null) return [];
  const refs: unknown = Reflect.get(spec, "parentRefs");
  if (!Array.isArray(refs)) return [];
  const named = new Map<string, ObjectName>();
  for (const ref of refs) {
    if (typeof ref !== "object" || ref === null) continue;
    const name: unknown = Reflect.get(ref, "name");
    const given: unknown = Reflect.get(ref, "namespace");
    if (typeof name !== "string") continue;
    const namespace = typeof given === "string" && given !== "" ? given : (metadata.namespace ?? "");
    named.set(`${namespace}/${name}`, { namespace, name });
  }
  return [...named.values()];
}
