import { nearestName } from "../../src/rule/nearest-name.ts";
import type { Kind } from "./kubernetes-object.ts";

const traefikKinds = new Set<Kind>([
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

/** Kinds by API group and version. The two Traefik groups have the same kinds and fields. */
const kindsByVersion: Readonly<Record<string, ReadonlySet<Kind>>> = {
  "traefik.io/v1alpha1": traefikKinds,
  "traefik.containo.us/v1alpha1": traefikKinds,
  "networking.k8s.io/v1": new Set<Kind>(["Ingress", "IngressClass"]),
  "networking.k8s.io/v1beta1": new Set<Kind>(["Ingress", "IngressClass"]),
  "extensions/v1beta1": new Set<Kind>(["Ingress"]),
  "gateway.networking.k8s.io/v1": new Set<Kind>([
    "GatewayClass",
    "Gateway",
    "HTTPRoute",
    "GRPCRoute",
    "TLSRoute",
    "ReferenceGrant",
    "BackendTLSPolicy",
  ]),
  "gateway.networking.k8s.io/v1beta1": new Set<Kind>(["GatewayClass", "Gateway", "HTTPRoute", "ReferenceGrant"]),
  "gateway.networking.k8s.io/v1alpha2": new Set<Kind>([
    "GRPCRoute",
    "TCPRoute",
    "TLSRoute",
    "UDPRoute",
    "ReferenceGrant",
  ]),
  "gateway.networking.k8s.io/v1alpha3": new Set<Kind>(["TLSRoute", "BackendTLSPolicy"]),
  v1: new Set<Kind>(["Service", "Endpoints", "Secret", "ConfigMap", "Namespace"]),
  "discovery.k8s.io/v1": new Set<Kind>(["EndpointSlice"]),
  "discovery.k8s.io/v1beta1": new Set<Kind>(["EndpointSlice"]),
};

/** API groups that exist to route traffic: a kind of theirs that is not read is worth a word. */
const routingGroups = new Set([
  "traefik.io",
  "traefik.containo.us",
  "gateway.networking.k8s.io",
  "gateway.networking.x-k8s.io",
]);

const clusterScoped = new Set<string>(["GatewayClass", "IngressClass", "Namespace"] satisfies Kind[]);

/** The kind as Sluice reads it, or undefined: equal names in other groups (Istio's Gateway) are other kinds. */
export function kindOf(object: { apiVersion: string; kind: string }): Kind | undefined {
  const kinds = Object.hasOwn(kindsByVersion, object.apiVersion) ? kindsByVersion[object.apiVersion] : undefined;
  const kind = object.kind as Kind;
  return kinds?.has(kind) ? kind : undefined;
}

/** The kind of the same version that someone who wrote one that is not read most likely meant. */
export const nearestKind = ({ apiVersion, kind }: { apiVersion: string; kind: string }): string | undefined =>
  Object.hasOwn(kindsByVersion, apiVersion) ? nearestName(kind, kindsByVersion[apiVersion] ?? []) : undefined;

/** The versions in which a kind of this group is read; empty when it is not read at all. */
export const versionsOf = (group: string, kind: string): string[] =>
  Object.entries(kindsByVersion)
    .filter(([version, kinds]) => groupOf(version) === group && kinds.has(kind as Kind))
    .map(([version]) => version);

/** The API group of an `apiVersion`; empty for the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";

export const isRoutingKind = (object: { apiVersion: string; kind: string }): boolean =>
  routingGroups.has(groupOf(object.apiVersion)) || object.kind === "Ingress";

export const isNamespaced = (kind: string): boolean => !clusterScoped.has(kind);

/** Every kind that is read, in each of its groups, by the name that permissions and paths have for it. */
export function followedResources(): { group: string; kind: Kind; resource: string; isNamespaced: boolean }[] {
  const found = new Map<string, { group: string; kind: Kind; resource: string; isNamespaced: boolean }>();
  for (const [version, kinds] of Object.entries(kindsByVersion)) {
    const group = groupOf(version);
    for (const kind of kinds) {
      found.set(`${group}/${kind}`, { group, kind, resource: resourceOf(kind), isNamespaced: isNamespaced(kind) });
    }
  }
  // No server that Sluice runs against has Ingresses in this group any more: they are read from files only.
  return [...found.values()].filter(({ group }) => group !== "extensions");
}

/** How Kubernetes makes a resource's name of a kind. */
function resourceOf(kind: Kind): string {
  if (kind === "Endpoints") return "endpoints";
  const name = kind.toLowerCase();
  if (name.endsWith("cy")) return `${name.slice(0, -1)}ies`;
  return name.endsWith("s") ? `${name}es` : `${name}s`;
}

/** The versions in which one kind's objects can be had, best first: the first that a server has is followed. */
export interface KindChoice {
  kind: Kind;
  apiVersions: readonly string[];
}

/**
 * All kinds that are read. A server shows the same objects in all versions of a kind, and Ingresses in two groups; but the
 * two Traefik groups are different objects, so that their kinds are there twice, those of `traefik.io` first.
 */
export function kindChoices(): KindChoice[] {
  const choices = new Map<string, { kind: Kind; apiVersions: string[] }>();
  for (const [apiVersion, kinds] of Object.entries(kindsByVersion)) {
    for (const kind of kinds) {
      const key = traefikKinds.has(kind) ? `${apiVersion} ${kind}` : kind;
      const choice = choices.get(key);
      if (choice === undefined) choices.set(key, { kind, apiVersions: [apiVersion] });
      else choice.apiVersions.push(apiVersion);
    }
  }
  for (const { apiVersions } of choices.values()) apiVersions.sort((a, b) => rankOf(b) - rankOf(a));
  return [...choices.values()];
}

/** v1, v1beta1, v1alpha3, v1alpha2 (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority). */
function rankOf(apiVersion: string): number {
  const [, major = "0", stage, minor = "0"] = /v(\d+)(?:(alpha|beta)(\d+))?$/.exec(apiVersion) ?? [];
  return (stage === undefined ? 2e6 : stage === "beta" ? 1e6 : 0) + Number(major) * 1000 + Number(minor);
}
