import { isEqual } from "../../../src/table/is-equal.ts";
import type { Table } from "../../../src/table/table.ts";
import type { Kind, KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import type { Problem } from "../../../sync-agent/translate/problem.ts";
import type { TranslateSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";

/** What becomes of one object among others. */
export interface Outcome {
  table: Table;
  /** Those of the object itself. */
  problems: readonly Problem[];
}

export type Probe = (object: KubernetesObject) => Outcome;

/** Translates objects one at a time, each among the same others, which are translated once. */
export function createProbe(world: readonly KubernetesObject[], settings: TranslateSettings): Probe {
  const store = createObjectStore(world);
  const translator = createTranslator(settings);
  return (object) => {
    const { kind, metadata } = object;
    const { namespace = "", name } = metadata;
    store.put(object);
    const { table, problems } = translator.translate(store);
    store.remove(kind as Kind, namespace, name);
    const isOwn = ({ object: of }: Problem): boolean =>
      of.kind === kind && of.namespace === namespace && of.name === name;
    return { table: { ...table }, problems: problems.filter(isOwn) };
  };
}

/** Whether two tables would serve the same. */
export const sameTable = (a: Table, b: Table): boolean => isEqual(a, b);
