import { groupOf } from "../source/known-kinds.ts";
import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";

const plurals: Partial<Record<Kind, string>> = {
  GatewayClass: "gatewayclasses",
  Gateway: "gateways",
  HTTPRoute: "httproutes",
  GRPCRoute: "grpcroutes",
  TLSRoute: "tlsroutes",
  TCPRoute: "tcproutes",
  UDPRoute: "udproutes",
  BackendTLSPolicy: "backendtlspolicies",
  Ingress: "ingresses",
};

/** Where an object lies on the API server, and what it takes to write its status there. */
export interface StatusPath {
  object: string;
  status: string;
  permission: string;
}

/** Undefined for kinds whose statuses are not written. */
export function statusPath({ apiVersion, kind, metadata }: KubernetesObject): StatusPath | undefined {
  const plural = plurals[kind as Kind];
  if (plural === undefined) return undefined;
  const { namespace, name } = metadata;
  const within = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = `/apis/${apiVersion}${within}/${plural}/${encodeURIComponent(name)}`;
  return { object, status: `${object}/status`, permission: `patch ${plural}/status in ${groupOf(apiVersion)}` };
}
