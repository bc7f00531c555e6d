import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import type { Problem } from "../translate/problem.ts";

/** The kinds whose statuses are written, and those that decide about them. */
const kinds = [
  "GatewayClass",
  "Gateway",
  "HTTPRoute",
  "GRPCRoute",
  "TLSRoute",
  "TCPRoute",
  "UDPRoute",
  "ReferenceGrant",
  "BackendTLSPolicy",
  "Namespace",
  "Ingress",
  "IngressClass",
] as const satisfies readonly Kind[];

/** What statuses are made of: objects and the problems of their translation, of one moment. */
export interface StatusSnapshot {
  /** Holds only the kinds that statuses depend on. */
  readonly objects: ObjectReader;
  readonly problems: readonly Problem[];
}

const none: readonly KubernetesObject[] = [];

/**
 * Keeps what statuses need of a store that goes on changing: a list of references for each kind. To be called in the
 * same step as the translation, so that a status never speaks of a generation that was not translated.
 */
export function takeSnapshot(objects: ObjectReader, problems: readonly Problem[]): StatusSnapshot {
  const lists = new Map<Kind, readonly KubernetesObject[]>(kinds.map((kind) => [kind, [...objects.list(kind)]]));
  const indexes = new Map<Kind, Map<string, KubernetesObject>>();
  const indexOf = (kind: Kind): Map<string, KubernetesObject> => {
    let index = indexes.get(kind);
    if (index === undefined) {
      index = new Map((lists.get(kind) ?? none).map((object) => [keyOf(object.metadata), object]));
      indexes.set(kind, index);
    }
    return index;
  };
  return {
    objects: {
      get: (kind, namespace, name) => indexOf(kind).get(keyOf({ namespace, name })),
      list: (kind) => lists.get(kind) ?? none,
      endpointSlices: () => none,
      routesBelow: () => none,
      policiesFor: () => none,
    },
    problems,
  };
}

const keyOf = ({ namespace = "", name }: { namespace?: string; name: string }): string => `${namespace}\0${name}`;
