import type { Kind, KubernetesObject } from "./kubernetes-object.ts";
import type { ObjectName } from "./object-store.ts";

/** The kinds that are found by what they name, each with the field where they do. */
const fields: Partial<Record<Kind, string>> = { IngressRoute: "parentRefs", BackendTLSPolicy: "targetRefs" };

/**
 * The IngressRoutes that an IngressRoute names as its parents, and the Services that a BackendTLSPolicy names, each once, as
 * far as that can be read.
 */
export function namedParents(kind: Kind, { metadata, spec }: KubernetesObject): ObjectName[] {
  const field = fields[kind];
  if (field === undefined || typeof spec !== "object" || spec === null) return [];
  const refs: unknown = Reflect.get(spec, field);
  if (!Array.isArray(refs)) return [];
  const named = new Map<string, ObjectName>();
  for (const ref of refs) {
    if (typeof ref !== "object" || ref === null) continue;
    const name: unknown = Reflect.get(ref, "name");
    // A policy lies beside its Services, whatever else it may say.
    const given: unknown = kind === "IngressRoute" ? Reflect.get(ref, "namespace") : undefined;
    if (typeof name !== "string") continue;
    const namespace = typeof given === "string" && given !== "" ? given : (metadata.namespace ?? "");
    named.set(`${namespace}/${name}`, { namespace, name });
  }
  return [...named.values()];
}
