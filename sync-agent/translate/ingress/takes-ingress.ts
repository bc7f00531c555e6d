import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { readFields } from "../read-object.ts";
import { type Context, type Place, silent } from "../traefik/context.ts";
import { INGRESS_CLASS_ANNOTATION, takesClass } from "../view-objects.ts";

/** The controllers whose classes are taken: Traefik's, so that its manifests work unchanged, and Sluice's own. */
const controllers = new Set(["traefik.io/ingress-controller", "sluice.dev/ingress-controller"]);

const classSchema = z.looseObject({ controller: z.string().optional() });

/**
 * Whether an Ingress is for this controller. `spec.ingressClassName` goes before the annotation, as in Traefik, and
 * counts when its IngressClass names the controller; with `ingressClass` set in the provider only that class does.
 */
export function takesIngress(
  object: KubernetesObject,
  className: string | undefined,
  { path, report }: Place,
  { objects, settings }: Pick<Context, "objects" | "settings">,
): boolean {
  const { ingressClass } = settings.ingress;
  if (className === undefined) {
    return takesClass(ingressClass, object.metadata.annotations?.[INGRESS_CLASS_ANNOTATION] ?? "");
  }
  if (ingressClass && ingressClass !== className) return false;
  const found = objects.get("IngressClass", "", className);
  if (found !== undefined) {
    const controller = readFields(classSchema, found.spec ?? {}, ["spec"], silent)?.controller ?? "";
    return controllers.has(controller);
  }
  const isOurs = takesClass(ingressClass, className);
  report({
    code: "ingress-class-not-found",
    severity: isOurs ? "notice" : "warning",
    path: [...path, "ingressClassName"],
    message: isOurs
      ? `There is no IngressClass \`${className}\`; the Ingress is taken by the class's name`
      : `There is no IngressClass \`${className}\`; the Ingress is left out`,
    hint: isOurs
      ? "Create it with the controller `traefik.io/ingress-controller`"
      : "Leave it so when the class is another controller's; else create it with the controller `traefik.io/ingress-controller`",
    refersTo: { kind: "IngressClass", namespace: "", name: className },
  });
  return isOurs;
}
