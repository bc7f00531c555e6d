/** A kind that the server serves, and how it treats it. */
export interface ResourceKind {
  /** Empty for the core group. */
  group: string;
  /** The preferred one first; all show the same objects. */
  versions: readonly string[];
  kind: string;
  plural: string;
  namespaced: boolean;
  /** Defined by a CRD: list items carry their kind, strategic merge is refused. */
  custom: boolean;
  /** Has the status subresource: writes to the object leave its status alone. */
  status: boolean;
  /** Counts changes of its specification. */
  generation: boolean;
  /** A PUT without resourceVersion overwrites; otherwise it is refused. */
  unconditionalUpdate: boolean;
  scale: boolean;
}

type Some = Partial<Omit<ResourceKind, "kind">>;

const builtIn = (kind: string, plural: string, some: Some = {}): ResourceKind => ({
  group: "",
  versions: ["v1"],
  kind,
  plural,
  namespaced: true,
  custom: false,
  status: false,
  generation: false,
  unconditionalUpdate: true,
  scale: false,
  ...some,
});

/** A kind of a CRD; its plural is made from the kind unless said. */
export const customKind = (group: string, kind: string, versions: readonly string[], some: Some = {}): ResourceKind =>
  builtIn(kind, pluralOf(kind), {
    group,
    versions,
    custom: true,
    generation: true,
    unconditionalUpdate: false,
    ...some,
  });

const pluralOf = (kind: string): string => kind.toLowerCase() + (kind.endsWith("s") ? "es" : "s");

const networking = { group: "networking.k8s.io", generation: true };

/** What every server has. Events of the two groups are apart here; a real server shows the same ones in both. */
export const builtInKinds: readonly ResourceKind[] = [
  builtIn("Namespace", "namespaces", { namespaced: false, status: true }),
  builtIn("Service", "services", { status: true }),
  builtIn("Endpoints", "endpoints"),
  builtIn("Secret", "secrets"),
  builtIn("ConfigMap", "configmaps"),
  builtIn("Pod", "pods", { status: true }),
  builtIn("Event", "events"),
  builtIn("Event", "events", { group: "events.k8s.io" }),
  builtIn("Deployment", "deployments", { group: "apps", status: true, generation: true, scale: true }),
  builtIn("EndpointSlice", "endpointslices", { group: "discovery.k8s.io", generation: true }),
  builtIn("Lease", "leases", { group: "coordination.k8s.io", unconditionalUpdate: false }),
  builtIn("Ingress", "ingresses", { ...networking, status: true }),
  builtIn("IngressClass", "ingressclasses", { ...networking, namespaced: false }),
];

const traefikNames = [
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
];

/** What Traefik's chart installs; its older group has the same kinds. Neither has a status. */
export const traefikKinds = (group: "traefik.io" | "traefik.containo.us" = "traefik.io"): readonly ResourceKind[] =>
  traefikNames.map((kind) => customKind(group, kind, ["v1alpha1"]));

const gateway = (kind: string, versions: readonly string[], some: Some = {}) =>
  customKind("gateway.networking.k8s.io", kind, versions, { status: true, ...some });

/** Gateway API with its experimental kinds. */
export const gatewayKinds: readonly ResourceKind[] = [
  gateway("GatewayClass", ["v1", "v1beta1"], { namespaced: false }),
  gateway("Gateway", ["v1", "v1beta1"]),
  gateway("HTTPRoute", ["v1", "v1beta1"]),
  gateway("GRPCRoute", ["v1"]),
  gateway("TLSRoute", ["v1", "v1alpha3", "v1alpha2"]),
  gateway("TCPRoute", ["v1alpha2"]),
  gateway("UDPRoute", ["v1alpha2"]),
  gateway("ReferenceGrant", ["v1", "v1beta1"], { status: false }),
  gateway("BackendTLSPolicy", ["v1", "v1alpha3"], { plural: "backendtlspolicies" }),
];

export const allKinds: readonly ResourceKind[] = [
  ...builtInKinds,
  ...traefikKinds("traefik.io"),
  ...traefikKinds("traefik.containo.us"),
  ...gatewayKinds,
];

export const keyOf = ({ group, plural }: Pick<ResourceKind, "group" | "plural">): string => `${group}/${plural}`;

export const apiVersionOf = ({ group }: Pick<ResourceKind, "group">, version: string): string =>
  group === "" ? version : `${group}/${version}`;
