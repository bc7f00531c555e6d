import { isDeepStrictEqual } from "node:util";
import { mergeConditions } from "./condition.ts";
import type { ListenerContent, ParentContent, StatusContent } from "./status-content.ts";

const gatewayConditions = new Set(["Accepted", "Programmed"]);
const listenerConditions = new Set(["Accepted", "Programmed", "ResolvedRefs", "Conflicted"]);

/** A list with an entry for each of several controllers, and what is ours in it. */
interface SharedList {
  /** Names in each entry what it is about. */
  ref: "parentRef" | "ancestorRef";
  /** At most so many entries are represented. */
  most: number;
  conditions: ReadonlySet<string>;
}

/** `RouteStatus` of Gateway API. */
const parentList: SharedList = {
  ref: "parentRef",
  most: 32,
  conditions: new Set(["Accepted", "ResolvedRefs", "PartiallyInvalid"]),
};

/** `PolicyStatus` of Gateway API. */
const ancestorList: SharedList = {
  ref: "ancestorRef",
  most: 16,
  conditions: new Set(["Accepted", "ResolvedRefs"]),
};

/**
 * The fields of the status that have to change for it to say `content`, each whole, as a merge patch needs them. What
 * others have written stays. Lists are compared as they are on the server, times included, so that nothing is written
 * that is there already.
 *
 * @param now RFC 3339, to the second
 * @returns undefined when nothing has to change, or when the status is already ahead of `content`
 */
export function mergeStatus(
  current: unknown,
  content: StatusContent,
  now: string,
): Readonly<Record<string, unknown>> | undefined {
  const status = isRecord(current) ? current : {};
  const wanted = fieldsOf(status, content, now);
  if (wanted === undefined) return undefined;
  const changed = Object.entries(wanted).filter(
    ([name, value]) => value !== undefined && !isDeepStrictEqual(status[name], value),
  );
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

function fieldsOf(
  status: Record<string, unknown>,
  content: StatusContent,
  now: string,
): Record<string, unknown> | undefined {
  switch (content.type) {
    case "class": {
      // What is not known for the moment is no reason to take back what was said.
      const own = new Set(content.conditions.map(({ type }) => type));
      const conditions = mergeConditions(status.conditions, content.conditions, own, now);
      return conditions && { conditions, supportedFeatures: content.supportedFeatures };
    }
    case "gateway": {
      const conditions = mergeConditions(status.conditions, content.conditions, gatewayConditions, now);
      const listeners = mergeListeners(status.listeners, content.listeners, now);
      return conditions && listeners && { conditions, listeners, addresses: content.addresses };
    }
    case "route": {
      const wanted = content.parents.map(({ parentRef, ...entry }) => ({ ref: parentRef, ...entry }));
      const parents = mergeShared(parentList, status.parents, wanted, content.controllers, now);
      return parents && { parents };
    }
    case "policy": {
      const wanted = content.ancestors.map(({ ancestorRef, ...entry }) => ({ ref: ancestorRef, ...entry }));
      const ancestors = mergeShared(ancestorList, status.ancestors, wanted, content.controllers, now);
      return ancestors && { ancestors };
    }
    case "ingress":
      return { loadBalancer: { ingress: content.ingress } };
  }
}

function mergeListeners(current: unknown, wanted: readonly ListenerContent[], now: string): unknown[] | undefined {
  const known = new Map(recordsOf(current).map((listener) => [listener.name, listener]));
  const merged: unknown[] = [];
  for (const { conditions, ...listener } of wanted) {
    const found = known.get(listener.name);
    const mergedConditions = mergeConditions(found?.conditions, conditions, listenerConditions, now);
    if (mergedConditions === undefined) return undefined;
    merged.push({ ...listener, conditions: mergedConditions });
  }
  return merged;
}

function mergeShared(
  { ref: field, most, conditions: own }: SharedList,
  current: unknown,
  wanted: readonly { ref: object; controllerName: string; conditions: ParentContent["conditions"] }[],
  controllers: ReadonlySet<string>,
  now: string,
): unknown[] | undefined {
  const entries = recordsOf(current);
  const foreign = entries.filter(({ controllerName }) => !isOurs(controllerName, controllers));
  // What was never ours needs no empty list.
  if (foreign.length === entries.length && wanted.length === 0) return undefined;
  const merged: unknown[] = [...foreign];
  for (const { ref, controllerName, conditions } of wanted) {
    const found = entries.find(
      (entry) => entry.controllerName === controllerName && keyOf(entry[field]) === keyOf(ref),
    );
    const mergedConditions = mergeConditions(found?.conditions, conditions, own, now);
    if (mergedConditions === undefined) return undefined;
    merged.push({ [field]: found?.[field] ?? ref, controllerName, conditions: mergedConditions });
  }
  return merged.slice(0, most);
}

const isOurs = (controllerName: unknown, controllers: ReadonlySet<string>): boolean =>
  typeof controllerName === "string" && controllers.has(controllerName);

/** What such a reference means, with its defaults. A namespace that is left out is the route's, of which there is one. */
function keyOf(reference: unknown): string {
  const { group, kind, namespace, name, sectionName, port } = isRecord(reference) ? reference : {};
  return JSON.stringify([
    group ?? "gateway.networking.k8s.io",
    kind ?? "Gateway",
    namespace ?? "",
    name,
    sectionName ?? "",
    port ?? 0,
  ]);
}

const recordsOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
