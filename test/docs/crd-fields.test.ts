import * as gatewayApi from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import * as traefik from "@kubernetes-models/traefik/traefik.io/v1alpha1";
import { describe, expect, it } from "vitest";
import { crdFields, type Model, printField } from "../../scripts/docs/compatibility/crd-fields.ts";

const known: [Model, string, { types: string[]; values?: unknown[] }][] = [
  [traefik.IngressRoute, "spec.routes[].match", { types: ["string"] }],
  [traefik.IngressRoute, "spec.routes[].services[].port", { types: ["integer", "string"] }],
  [traefik.IngressRoute, "spec.routes[].kind", { types: ["string"], values: ["Rule"] }],
  [traefik.Middleware, "spec.headers.customRequestHeaders.*", { types: ["string"] }],
  [traefik.Middleware, "spec.plugin.*", { types: [] }],
  [traefik.TLSOption, "spec.clientAuth.secretNames[]", { types: ["string"] }],
  [gatewayApi.HTTPRoute, "spec.rules[].backendRefs[].filters[].requestMirror.backendRef.name", { types: ["string"] }],
  [gatewayApi.Gateway, "spec.listeners[].port", { types: ["integer"] }],
];

describe("the fields of a CustomResourceDefinition", () => {
  it.each(known)("%o has %s", (model, path, { types, values = [] }) => {
    const field = crdFields(model).find((one) => printField(one.path) === path);
    expect(field && { types: field.types.toSorted(), values: field.values }).toEqual({ types, values });
  });

  it("are each found once", () => {
    const paths = crdFields(traefik.Middleware).map(({ path }) => printField(path));
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.length).toBeGreaterThan(250);
  });
});
