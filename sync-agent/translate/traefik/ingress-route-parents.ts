import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { readSpec } from "../read-object.ts";
import { takesClass } from "../view-objects.ts";
import { classOf } from "./class-of.ts";
import { type Context, silent } from "./context.ts";
import { takesRoutes } from "./ingress-route-router.ts";
import { type IngressRouteSpec, ingressRouteSchema } from "./ingress-route-schema.ts";

export type Reader = Pick<Context, "objects" | "settings">;
export type ParentRef = NonNullable<IngressRouteSpec["parentRefs"]>[number];

export const idOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

/** Whether an IngressRoute's routes stand below those of others. */
export const isChild = ({ parentRefs = [] }: IngressRouteSpec): boolean => parentRefs.length > 0;

/** Whether routes of others can stand below any of its routes. */
export const hasPlaces = ({ routes }: IngressRouteSpec): boolean =>
  routes.some((route) => typeof route === "object" && route !== null && takesRoutes(route));

/** The fields of a route's listener, which is that of the top: a route below it that has one is left out, as in Traefik. */
export const rootFieldsOf = (spec: IngressRouteSpec): ("entryPoints" | "tls")[] =>
  (["entryPoints", "tls"] as const).filter((field) => {
    const value = spec[field];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  });

/** Objects are never changed in place, and one may be asked for by all that stand above it. */
const specs = new WeakMap<KubernetesObject, { spec: IngressRouteSpec | undefined }>();

/** What an IngressRoute asks for, when it can be read and is of the class that is taken. Reports nothing. */
export function specOf(object: KubernetesObject, { settings }: Reader): IngressRouteSpec | undefined {
  if (!takesClass(settings.crd.ingressClass, classOf(object))) return undefined;
  let known = specs.get(object);
  if (known === undefined) {
    known = { spec: readSpec(ingressRouteSchema, object, silent) };
    specs.set(object, known);
  }
  return known.spec;
}

/** The namespace of the parent that a reference names. */
export const namespaceOf = (ref: ParentRef, child: KubernetesObject): string =>
  ref.namespace || (child.metadata.namespace ?? "");

/** Whether an object may refer into a namespace. */
export const mayName = (namespace: string, child: KubernetesObject, { settings }: Reader): boolean =>
  namespace === (child.metadata.namespace ?? "") || settings.crd.allowCrossNamespace;

/** The IngressRoutes whose routes stand below those of `parent`, by namespace and name. */
export function childrenOf(
  parent: KubernetesObject,
  reader: Reader,
): { object: KubernetesObject; spec: IngressRouteSpec }[] {
  const { name, namespace = "" } = parent.metadata;
  const children: { object: KubernetesObject; spec: IngressRouteSpec }[] = [];
  for (const object of reader.objects.routesBelow(namespace, name)) {
    const spec = mayName(namespace, object, reader) ? specOf(object, reader) : undefined;
    if (spec !== undefined && rootFieldsOf(spec).length === 0) children.push({ object, spec });
  }
  return children;
}

/** The IngressRoutes that an IngressRoute names as parents, as far as they are there and may be named. */
export const parentsOf = (
  object: KubernetesObject,
  { parentRefs = [] }: IngressRouteSpec,
  reader: Reader,
): KubernetesObject[] =>
  parentRefs.flatMap((ref) => {
    const namespace = namespaceOf(ref, object);
    return (mayName(namespace, object, reader) && reader.objects.get("IngressRoute", namespace, ref.name)) || [];
  });
