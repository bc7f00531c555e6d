import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { type PolicyTarget, policyTargets } from "./backend-tls-policy-schema.ts";

/** One port of one Service. */
export interface ServicePortName {
  namespace: string;
  name: string;
  /** Empty when the Service's only port has none. */
  portName: string;
}

/**
 * The BackendTLSPolicy that holds for a port: one that names it goes before one that names its Service; then the oldest,
 * then the first by name (https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicyspec).
 */
export function findBackendTlsPolicy(
  { namespace, name, portName }: ServicePortName,
  objects: ObjectReader,
): KubernetesObject | undefined {
  let best: { policy: KubernetesObject; rank: string } | undefined;
  for (const policy of objects.policiesFor(namespace, name)) {
    for (const target of policyTargets(policy)) {
      if (target.name !== name || (target.sectionName !== undefined && target.sectionName !== portName)) continue;
      const rank = `${target.sectionName === undefined ? 1 : 0} ${orderOf(policy)}`;
      if (best === undefined || rank < best.rank) best = { policy, rank };
    }
  }
  return best?.policy;
}

/** The policy that goes before this one at the very same target; undefined when none does. */
export function findRival(
  policy: KubernetesObject,
  { name, sectionName }: PolicyTarget,
  objects: ObjectReader,
): KubernetesObject | undefined {
  let first = policy;
  for (const other of objects.policiesFor(policy.metadata.namespace ?? "", name)) {
    if (orderOf(other) >= orderOf(first)) continue;
    const isSame = (target: PolicyTarget): boolean => target.name === name && target.sectionName === sectionName;
    if (policyTargets(other).some(isSame)) first = other;
  }
  return first === policy ? undefined : first;
}

/** Sorts by age, then by name. */
const orderOf = (policy: KubernetesObject): string => tieBreaker("gateway", policy);
