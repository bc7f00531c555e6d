import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import { type LabelSelector, parseLabelSelector } from "./label-selector.ts";
import type { ProviderSettings, TranslateSettings } from "./settings.ts";

/** Wraps a reader so that it shows only the objects that the settings let a provider see. */
export type View = (objects: ObjectReader) => ObjectReader;

const crdKinds = new Set<Kind>([
  "IngressRoute",
  "IngressRouteTCP",
  "IngressRouteUDP",
  "TraefikService",
  "Middleware",
  "MiddlewareTCP",
  "ServersTransport",
  "ServersTransportTCP",
  "TLSOption",
  "TLSStore",
]);

/**
 * `labelSelector` and `namespaces` as in Traefik: those of the CRD provider hold for all of Traefik's kinds,
 * Middlewares included; those of the Ingress provider for Ingresses. Services and Secrets are seen by all.
 * Throws for a selector that does not parse: nothing that is published under it could be right.
 */
export function createView(settings: TranslateSettings): View {
  const seenByCrd = filterFor("crd", settings.crd);
  const seenByIngress = filterFor("ingress", settings.ingress);
  const seen = (kind: Kind, object: KubernetesObject): boolean =>
    crdKinds.has(kind) ? seenByCrd(object) : kind === "Ingress" ? seenByIngress(object) : true;
  // A list of a store is the same one until something in it changes: thousands of routes may read it.
  const lists = new WeakMap<Iterable<KubernetesObject>, readonly KubernetesObject[]>();
  return (objects) => ({
    get(kind, namespace, name) {
      const object = objects.get(kind, namespace, name);
      return object !== undefined && seen(kind, object) ? object : undefined;
    },
    list(kind) {
      const all = objects.list(kind);
      const known = lists.get(all) ?? [...all].filter((object) => seen(kind, object));
      lists.set(all, known);
      return known;
    },
    endpointSlices: (namespace, service) => objects.endpointSlices(namespace, service),
    routesBelow: (namespace, name) =>
      objects.routesBelow(namespace, name).filter((object) => seen("IngressRoute", object)),
    policiesFor: (namespace, service) => objects.policiesFor(namespace, service),
  });
}

function filterFor(provider: string, settings: ProviderSettings): (object: KubernetesObject) => boolean {
  const parsed = parseLabelSelector(settings.labelSelector ?? "");
  if ("error" in parsed) throw new Error(`the labelSelector of the ${provider} provider is not valid: ${parsed.error}`);
  const selector: LabelSelector = parsed.selector;
  const namespaces = settings.namespaces?.length ? new Set(settings.namespaces) : undefined;
  return ({ metadata }) => (namespaces?.has(metadata.namespace ?? "") ?? true) && selector(metadata.labels);
}

/**
 * Whether a provider with this `ingressClass` takes an object of this class. Unset, it takes objects without a class
 * and those of the class `traefik`.
 */
export const takesClass = (ingressClass: string | undefined, objectClass: string): boolean =>
  ingressClass ? objectClass === ingressClass : objectClass === "" || objectClass === "traefik";

export const INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class";
