import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";

/** Traefik's order of providers for equal priorities. */
const precedence = { gateway: 0, crd: 1, ingress: 2 } as const;

/**
 * The string that decides between routers of equal priority; the smaller wins: provider, then the oldest object
 * (objects without a creation time last), then namespace and name, then the places within the object. Unique, so
 * that nothing is left to chance (Traefik leaves it to the iteration of a map).
 */
export function tieBreaker(
  provider: keyof typeof precedence,
  object: KubernetesObject,
  ...places: readonly number[]
): string {
  const { namespace = "", name, creationTimestamp } = object.metadata;
  const created = creationTimestamp === undefined ? Number.NaN : Date.parse(creationTimestamp);
  // `~` sorts behind every digit.
  const age = Number.isNaN(created) ? "~" : new Date(created).toISOString();
  const within = places.map((place) => String(place).padStart(5, "0")).join(".");
  return `${precedence[provider]} ${age} ${namespace}/${name} ${object.kind} ${within}`;
}

/** What a tie breaker tells about the object that a router comes from, and the places within that object. */
export interface RouterOrigin {
  kind: Kind;
  namespace: string;
  name: string;
  places: readonly number[];
}

/** Reads what `tieBreaker` wrote, also with something behind it; undefined for routers that no object asked for. */
export function readTieBreaker(text: string): RouterOrigin | undefined {
  const [, namespace = "", name = "", kind = "", places = ""] =
    /^\d \S+ ([^\s/]*)\/(\S+) (\S+) ([\d.]*)(?: |$)/.exec(text) ?? [];
  if (kind === "") return undefined;
  // Only objects of the kinds that are read have a tie breaker.
  return { kind: kind as Kind, namespace, name, places: places === "" ? [] : places.split(".").map(Number) };
}
