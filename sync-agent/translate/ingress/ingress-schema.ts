import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { ignorable, type Report, readSpec } from "../read-object.ts";
import { type Place, readElements, within } from "../traefik/context.ts";

/** A backend as both generations of the API have it. */
export interface IngressBackend {
  service?: { name: string; port: number | string | undefined };
  resource?: unknown;
}

export interface IngressPath {
  host: string;
  path: string;
  pathType: "Exact" | "Prefix" | "ImplementationSpecific";
  backend: IngressBackend;
  rule: { index: number; at: Place };
  at: Place;
}

export interface IngressSpec {
  ingressClassName?: string | undefined;
  /** Hosts for which the Ingress asks for TLS; undefined when it does not ask for TLS. */
  tls?: unknown;
  defaultBackend?: { backend: IngressBackend; at: Place };
  paths: IngressPath[];
}

const name = z.string().regex(/^[^\p{Cc}\s/]+$/u, "is not a name");
const resource = z.unknown().optional();

/** `networking.k8s.io/v1` (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/). */
const backendV1 = z
  .object({
    service: z
      .object({
        name,
        port: z.object({ number: z.int().optional(), name: z.string().optional() }).optional(),
      })
      .optional(),
    resource,
  })
  .transform(
    ({ service, resource }): IngressBackend => ({
      ...(service === undefined
        ? {}
        : { service: { name: service.name, port: service.port?.name || service.port?.number } }),
      ...(resource === undefined ? {} : { resource }),
    }),
  );

/** `networking.k8s.io/v1beta1` and `extensions/v1beta1`. */
const backendV1beta1 = z
  .object({
    serviceName: name.optional(),
    servicePort: z.union([z.int(), z.string()]).optional(),
    resource,
  })
  .transform(
    ({ serviceName, servicePort, resource }): IngressBackend => ({
      ...(serviceName === undefined ? {} : { service: { name: serviceName, port: servicePort } }),
      ...(resource === undefined ? {} : { resource }),
    }),
  );

const tls = z.array(z.unknown()).optional();
const rules = z.array(z.unknown()).default([]);
const ingressClassName = z.string().optional();

export const specV1 = z.object({ ingressClassName, tls, rules, defaultBackend: ignorable(backendV1) });
export const specV1beta1 = z.object({ ingressClassName, tls, rules, backend: ignorable(backendV1beta1) });

export const ruleSchema = z.object({
  host: z.string().optional(),
  http: z.object({ paths: z.array(z.unknown()).default([]) }).optional(),
});

const pathFields = {
  path: z.string().optional(),
  pathType: z.enum(["Exact", "Prefix", "ImplementationSpecific"]).optional(),
};
export const pathV1 = z.object({ ...pathFields, backend: backendV1 });
export const pathV1beta1 = z.object({ ...pathFields, backend: backendV1beta1 });

/** Reads an Ingress of any version. Bad rules and paths are reported and left out. */
export function readIngress(object: KubernetesObject, report: Report): IngressSpec | undefined {
  const place: Place = { namespace: object.metadata.namespace ?? "", path: ["spec"], report };
  if (object.apiVersion === "networking.k8s.io/v1") {
    const spec = readSpec(specV1, object, report);
    if (spec === undefined) return undefined;
    const at = within(place, "defaultBackend");
    const { defaultBackend: backend, ingressClassName, tls } = spec;
    return {
      ingressClassName,
      tls,
      ...(backend === undefined ? {} : { defaultBackend: { backend, at } }),
      paths: readPaths(spec.rules, within(place, "rules"), pathV1, true),
    };
  }
  const spec = readSpec(specV1beta1, object, report);
  if (spec === undefined) return undefined;
  const { backend, ingressClassName, tls } = spec;
  return {
    ingressClassName,
    tls,
    ...(backend === undefined ? {} : { defaultBackend: { backend, at: within(place, "backend") } }),
    paths: readPaths(spec.rules, within(place, "rules"), pathV1beta1, false),
  };
}

function readPaths(
  list: readonly unknown[],
  place: Place,
  schema: typeof pathV1 | typeof pathV1beta1,
  needsType: boolean,
): IngressPath[] {
  const found: IngressPath[] = [];
  for (const { value: rule, at: ruleAt } of readElements(ruleSchema, list, place)) {
    const paths = within(ruleAt, "http", "paths");
    for (const { value, at } of readElements(schema, rule.http?.paths ?? [], paths)) {
      const { path = "", pathType, backend } = value;
      if (pathType === undefined && needsType) reportMissingType(at);
      found.push({
        host: rule.host ?? "",
        path,
        pathType: pathType ?? "ImplementationSpecific",
        backend,
        rule: { index: Number(ruleAt.path.at(-1)), at: ruleAt },
        at,
      });
    }
  }
  return found;
}

function reportMissingType({ path, report }: Place): void {
  report({
    code: "invalid-field",
    severity: "warning",
    path: [...path, "pathType"],
    message: "`pathType` is missing; an API server refuses that, here the path is a prefix",
    hint: "Write `pathType: Prefix`",
  });
}
