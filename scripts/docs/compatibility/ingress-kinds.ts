import * as z from "zod";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import * as schemas from "../../../sync-agent/translate/ingress/ingress-schema.ts";
import { ANNOTATION_PREFIX } from "../../../sync-agent/translate/ingress/read-annotations.ts";
import { routerAnnotations } from "../../../sync-agent/translate/ingress/router-annotations.ts";
import { serviceAnnotations } from "../../../sync-agent/translate/ingress/service-annotations.ts";
import { fieldRows } from "../describe-schema.ts";
import type { CrdField } from "./crd-fields.ts";
import type { KindUnderTest } from "./kind-under-test.ts";
import { type Fields, PROBE } from "./world.ts";

const backend = { service: { name: "web", port: { number: 80 } } };

const pathTo = (to: Fields, path = "/web", pathType = "Prefix"): Fields => ({
  rules: [{ host: "web.example", http: { paths: [{ path, pathType, backend: to }] } }],
});

const ingress = (spec: Fields, annotations: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: PROBE, namespace: "default", annotations },
  spec: { ...pathTo(backend), ...spec },
});

/** A Service that an Ingress names, beside the object under test. */
const service = (annotations: Record<string, string>): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: PROBE, namespace: "default", annotations },
  spec: { type: "ClusterIP", clusterIP: "10.96.9.1", ports: [{ name: "http", port: 80, protocol: "TCP" }] },
});

/** No schema of Kubernetes' own is at hand, so that these are the fields that are read, and those of `tls`. */
const ingressFields = (): CrdField[] =>
  fieldRows(schemas.specV1, {
    inner: { "rules[]": schemas.ruleSchema, "rules[].http.paths[]": schemas.pathV1, "tls[]": tlsSchema },
    notes: {},
  }).map(({ path }) => ({
    path: ["spec", ...path.replaceAll("[]", ".[]").split(".")],
    types: path.endsWith("resource") ? ["object"] : path.endsWith("number") ? ["integer"] : ["string"],
    values: path.endsWith("pathType") ? ["Prefix", "Exact", "ImplementationSpecific"] : [],
  }));

const tlsSchema = z.object({ hosts: z.string(), secretName: z.string() });

const ofAnnotation = (name: string): string[] => ["metadata", "annotations", `${ANNOTATION_PREFIX}${name}`];

const annotationFields = (names: readonly string[]): CrdField[] =>
  names.map((name) => ({ path: ofAnnotation(name.replace(".n.", ".0.")), types: ["string"], values: [] }));

const annotation = (name: string, value: string): Record<string, string> => ({
  [`${ANNOTATION_PREFIX}${name}`]: value,
});

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/ */
export const ingressKinds: readonly KindUnderTest[] = [
  {
    kind: "Ingress",
    fields: ingressFields(),
    bases: {
      spec: ingress({}),
      "spec.rules[].http.paths[].backend.resource": ingress(pathTo({})),
      "spec.defaultBackend": ingress({ defaultBackend: backend }),
      "spec.defaultBackend.resource": ingress({}),
    },
  },
  {
    kind: "Annotations of an Ingress",
    fields: annotationFields(routerAnnotations),
    bases: {
      metadata: ingress({}),
      [ofAnnotation("router.pathmatcher").join(".")]: ingress(pathTo(backend, "/web", "ImplementationSpecific")),
      [ofAnnotation("router.rulesyntax").join(".")]: ingress(
        pathTo(backend, "/{web:[a-z]+}", "ImplementationSpecific"),
        annotation("router.pathmatcher", "PathPrefix"),
      ),
    },
  },
  {
    kind: "Annotations of a Service that an Ingress names",
    fields: annotationFields(serviceAnnotations),
    bases: { metadata: service({}) },
  },
];
