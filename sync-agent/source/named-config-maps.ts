import type { Kind, KubernetesObject } from "./kubernetes-object.ts";

/** The kinds whose objects may name ConfigMaps, each with where it does, and how. */
const places: Partial<Record<Kind, { list: readonly string[]; nameOf: (element: unknown) => unknown }>> = {
  ServersTransport: { list: ["spec", "rootCAs"], nameOf: (element) => at(element, "configMap") },
  ServersTransportTCP: { list: ["spec", "tls", "rootCAs"], nameOf: (element) => at(element, "configMap") },
  BackendTLSPolicy: { list: ["spec", "validation", "caCertificateRefs"], nameOf: nameOfReference },
};

/** As an API server demands it. What is no name is not asked for: a comma in it would ask for something else. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

export const mayNameConfigMaps = (kind: Kind): boolean => Object.hasOwn(places, kind);

/**
 * The ConfigMaps that an object names, each once; they lie in its own namespace. Takes anything: what has not the form that
 * it should have names none.
 */
export function namedConfigMaps(kind: Kind, object: KubernetesObject): readonly string[] {
  const place = places[kind];
  const list = place?.list.reduce<unknown>(at, object);
  if (place === undefined || !Array.isArray(list)) return [];
  const names = list.map(place.nameOf).filter((name) => typeof name === "string");
  return [...new Set(names.filter((name) => NAME.test(name)))];
}

function nameOfReference(reference: unknown): unknown {
  const group = at(reference, "group") ?? "";
  return at(reference, "kind") === "ConfigMap" && (group === "" || group === "core")
    ? at(reference, "name")
    : undefined;
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
