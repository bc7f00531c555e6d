import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { readFields } from "../read-object.ts";
import type { ProblemDraft } from "./problem-draft.ts";

const portSchema = z.looseObject({
  name: z.string().optional(),
  port: z.int().min(1).max(65_535),
  protocol: z.string().optional(),
  appProtocol: z.string().optional(),
});
export type ServicePort = z.output<typeof portSchema>;

export const serviceSpecSchema = z.looseObject({
  type: z.string().default("ClusterIP"),
  clusterIP: z.string().optional(),
  externalName: z.string().optional(),
  ports: z.array(portSchema).default([]),
});
export type ServiceSpec = z.output<typeof serviceSpecSchema>;

export interface ReadService {
  spec: ServiceSpec;
  problems: readonly ProblemDraft[];
}

/** Many routes refer to one Service; objects are never changed in place. */
const known = new WeakMap<KubernetesObject, ReadService>();

/** What routing needs of a Service (https://kubernetes.io/docs/concepts/services-networking/service/). Bad ports are left out. */
export function readService(service: KubernetesObject): ReadService {
  const found = known.get(service);
  if (found !== undefined) return found;
  const { namespace = "", name } = service.metadata;
  const problems: ProblemDraft[] = [];
  const read = readFields(serviceSpecSchema, service.spec ?? {}, ["spec"], ({ code, severity, message }) => {
    problems.push({
      code,
      severity,
      message: `In the Service \`${name}\`, ${message}`,
      refersTo: { kind: "Service", namespace, name },
    });
  });
  const result = { spec: read ?? { type: "ClusterIP", ports: [] }, problems };
  known.set(service, result);
  return result;
}
