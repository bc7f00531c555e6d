import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { INGRESS_CLASS_ANNOTATION } from "../view-objects.ts";

/** The class of an IngressRoute: the annotation goes before the field, as for an Ingress. */
export function classOf({ metadata, spec }: KubernetesObject): string {
  const annotation = metadata.annotations?.[INGRESS_CLASS_ANNOTATION];
  if (annotation !== undefined) return annotation;
  const field: unknown = typeof spec === "object" && spec !== null ? Reflect.get(spec, "ingressClassName") : undefined;
  return typeof field === "string" ? field : "";
}
