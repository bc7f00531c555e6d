import { isIP } from "node:net";
import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import { classNameOf } from "../translate/ingress/ingress.ts";
import { takesIngress } from "../translate/ingress/takes-ingress.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import { silent } from "../translate/traefik/context.ts";
import type { StatusContent } from "./status-content.ts";

/** The status of an Ingress: where clients find it. Undefined for an Ingress of another controller. */
export function ingressStatus(
  ingress: KubernetesObject,
  address: string,
  context: { objects: ObjectReader; settings: TranslateSettings },
): StatusContent | undefined {
  const place = { namespace: ingress.metadata.namespace ?? "", path: ["spec"], report: silent };
  if (!takesIngress(ingress, classNameOf(ingress), place, context)) return undefined;
  return { type: "ingress", ingress: [isIP(address) === 0 ? { hostname: address } : { ip: address }] };
}
