/** An object as `kubectl apply` takes it. Only metadata is relied upon; the rest is hostile until a schema has read it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** RFC 3339. */
  creationTimestamp?: string;
  generation?: number;
  resourceVersion?: string;
  uid?: string;
}

/** Names one object in problems and statuses. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  /** Empty for cluster-scoped kinds. */
  namespace: string;
  name: string;
}

/** The kinds that are read, each named without its version: `traefik.io` and `traefik.containo.us` are one group. */
export type Kind =
  | "IngressRoute"
  | "IngressRouteTCP"
  | "IngressRouteUDP"
  | "TraefikService"
  | "Middleware"
  | "MiddlewareTCP"
  | "ServersTransport"
  | "ServersTransportTCP"
  | "TLSOption"
  | "TLSStore"
  | "Ingress"
  | "IngressClass"
  | "GatewayClass"
  | "Gateway"
  | "HTTPRoute"
  | "GRPCRoute"
  | "TCPRoute"
  | "TLSRoute"
  | "UDPRoute"
  | "ReferenceGrant"
  | "BackendTLSPolicy"
  | "Service"
  | "Endpoints"
  | "EndpointSlice"
  | "Secret"
  | "ConfigMap"
  | "Namespace";
