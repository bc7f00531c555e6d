import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { whole } from "../read-object.ts";

/** https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicyspec */
export const backendTlsPolicySchema = z.object({
  targetRefs: z.array(
    z.object({
      group: z.string().default(""),
      kind: z.string(),
      name: z.string(),
      sectionName: z.string().optional(),
    }),
  ),
  validation: z.object({
    hostname: z.string(),
    caCertificateRefs: z
      .array(z.object({ group: z.string().default(""), kind: z.string(), name: z.string() }))
      .default([]),
    wellKnownCACertificates: z.string().optional(),
    // One less could refuse who should be believed, and none would let the host name decide.
    subjectAltNames: whole(
      z.array(
        z.object({ type: z.enum(["Hostname", "URI"]), hostname: z.string().optional(), uri: z.string().optional() }),
      ),
    ).optional(),
  }),
  options: z.unknown().optional(),
});
export type BackendTlsValidation = z.output<typeof backendTlsPolicySchema>["validation"];

/** What a policy is about: a Service of its own namespace, or (`sectionName`) one of its ports, by name. */
export interface PolicyTarget {
  name: string;
  sectionName: string | undefined;
  /** Its place in the list. */
  index: number;
}

const targetSchema = z.looseObject({
  group: z.string().nullish(),
  kind: z.string(),
  name: z.string(),
  sectionName: z.string().nullish().catch(undefined),
});

const known = new WeakMap<KubernetesObject, readonly PolicyTarget[]>();

/**
 * The Services that a policy is about. Read with indulgence: a policy of which something else cannot be read still holds,
 * so that nobody speaks to its Services in another way than it demands.
 */
export function policyTargets(policy: KubernetesObject): readonly PolicyTarget[] {
  let found = known.get(policy);
  if (found === undefined) {
    found = readTargets(policy);
    known.set(policy, found);
  }
  return found;
}

function readTargets({ spec }: KubernetesObject): PolicyTarget[] {
  const refs: unknown = typeof spec === "object" && spec !== null ? Reflect.get(spec, "targetRefs") : undefined;
  if (!Array.isArray(refs)) return [];
  return refs.flatMap((ref: unknown, index): PolicyTarget[] => {
    const { group, kind, name, sectionName } = targetSchema.safeParse(ref).data ?? {};
    if (name === undefined || kind !== "Service" || !isCoreGroup(group ?? "")) return [];
    return [{ name, sectionName: sectionName || undefined, index }];
  });
}

/** Traefik takes `core` for the group that has no name. */
export const isCoreGroup = (group: string): boolean => group === "" || group === "core";
