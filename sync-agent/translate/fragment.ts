import type { KubernetesObject, ObjectRef } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import type { Problem } from "./problem.ts";
import type { TranslateSettings } from "./settings.ts";
import { emptyPart, type TablePart } from "./table-part.ts";

/**
 * What one object contributes. A fragment carries everything that its routers need: two fragments may hold the
 * same service or endpoints under the same name only with equal content.
 */
export interface Fragment {
  table: TablePart;
  problems: Problem[];
}

/**
 * Translates one route object. `objects` records what is read, so that the fragment is made again only when the
 * object or something that it read has changed. Pure: equal input, equal fragment.
 */
export type TranslateObject = (
  object: KubernetesObject,
  objects: ObjectReader,
  settings: TranslateSettings,
) => Fragment;

export const emptyFragment = (): Fragment => ({ table: emptyPart(), problems: [] });

export const refOf = (object: KubernetesObject): ObjectRef => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  namespace: object.metadata.namespace ?? "",
  name: object.metadata.name,
});
