import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { createStatusComputer, type StatusFacts } from "../../sync-agent/status/compute-statuses.ts";
import type { Condition } from "../../sync-agent/status/condition.ts";
import type { StatusContent } from "../../sync-agent/status/status-content.ts";
import { takeSnapshot } from "../../sync-agent/status/status-snapshot.ts";
import { defaultSettings, type TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { objectsOf } from "../translate/translate-text.ts";

/** Objects as an API server would give them: with a uid, a version and a generation. */
export const served = (objects: readonly KubernetesObject[], generation = 3): KubernetesObject[] =>
  objects.map((object) => ({
    ...object,
    metadata: {
      uid: `uid-${object.kind}-${object.metadata.namespace ?? ""}-${object.metadata.name}`,
      resourceVersion: "100",
      generation,
      ...object.metadata,
    },
  }));

export const facts = (change: Partial<StatusFacts> = {}): StatusFacts => ({
  address: "edge.example.net",
  bundleVersion: "v1.5.1",
  programmed: () => ({ programmed: true }),
  ...change,
});

/** The statuses of the objects of a YAML text, by `Kind/name`. */
export function statusesOf(
  text: string,
  change: Partial<StatusFacts> = {},
  set: (settings: TranslateSettings) => void = () => {},
): Map<string, StatusContent> {
  const settings = defaultSettings();
  set(settings);
  const objects = createObjectStore(served(objectsOf(text)));
  const snapshot = takeSnapshot(objects, createTranslator(settings).translate(objects).problems);
  const statuses = createStatusComputer(settings).compute(snapshot, facts(change));
  return new Map(statuses.map(({ object, content }) => [`${object.kind}/${object.metadata.name}`, content]));
}

/** Conditions as lines, `Accepted=True/Accepted`. */
export const linesOf = (conditions: readonly Condition[]): string[] =>
  conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`);

/** The conditions of a Gateway's listener. */
export function listenerLines(statuses: Map<string, StatusContent>, name: string, gateway = "main"): string[] {
  const content = statuses.get(`Gateway/${gateway}`);
  if (content?.type !== "gateway") throw new Error(`no status of the Gateway ${gateway}`);
  const listener = content.listeners.find((one) => one.name === name);
  if (listener === undefined) throw new Error(`no listener ${name}`);
  return linesOf(listener.conditions);
}

/** The conditions of each parent of a route. */
export function parentLines(statuses: Map<string, StatusContent>, route = "HTTPRoute/app"): string[][] {
  const content = statuses.get(route);
  if (content?.type !== "route") throw new Error(`no status of ${route}`);
  return content.parents.map(({ conditions }) => linesOf(conditions));
}
