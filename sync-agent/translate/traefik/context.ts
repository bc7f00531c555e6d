import type * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { emptyFragment, type Fragment, refOf } from "../fragment.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { type Report, readEach } from "../read-object.ts";
import type { TranslateSettings } from "../settings.ts";

/** What the making of one fragment shares. */
export interface Context {
  readonly objects: ObjectReader;
  readonly settings: TranslateSettings;
  /** The table of the fragment; what is built is put here under its name, once. */
  readonly table: Fragment["table"];
  /** The TraefikServices and chains that are being built, outermost first. */
  readonly building: Set<string>;
  /** TraefikServices that were found to refer back to themselves. */
  readonly closedOn: Set<string>;
  /** Middlewares that cannot be built, while one that may refer to them many times is built. */
  readonly failed: Map<string, ProblemCode>;
  /** What has which name in the table, where several things could have it: by part and name (`distinctName`). */
  readonly names: Map<string, string>;
  /** How many services are behind those of the table, as far as that was asked. */
  readonly sizes: Map<string, number>;
}

/** Where a reference stands. */
export interface Place {
  /** The namespace of the object that holds it. */
  readonly namespace: string;
  readonly path: readonly (string | number)[];
  readonly report: Report;
  /** The fields that people misplace in the object that holds it. */
  readonly misplaced?: Readonly<Record<string, string>> | undefined;
  /** The TraefikService that holds it, by its name in the table. */
  readonly owner?: string;
}

/** References within references: deeper ones are taken for a circle. */
export const MAX_NESTING = 50;

/** Problems of an object are reported by its own fragment, not again by each that refers to it. */
export const silent: Report = () => {};

export const within = (place: Place, ...path: (string | number)[]): Place => ({
  ...place,
  path: [...place.path, ...path],
});

/** The elements of a list at a place, each with the place it stands at. */
export const readElements = <S extends z.ZodType>(
  schema: S,
  list: readonly unknown[],
  place: Place,
): { value: z.output<S>; at: Place }[] =>
  readEach(schema, list, place.path, place.report, place.misplaced).map(({ index, value }) => ({
    value,
    at: within(place, index),
  }));

export function startFragment(
  object: KubernetesObject,
  objects: ObjectReader,
  settings: TranslateSettings,
): { fragment: Fragment; report: Report; context: Context } {
  const fragment = emptyFragment();
  const ref = refOf(object);
  const report: Report = (problem) => fragment.problems.push({ ...problem, object: ref });
  const context = {
    objects,
    settings,
    table: fragment.table,
    building: new Set<string>(),
    closedOn: new Set<string>(),
    failed: new Map<string, ProblemCode>(),
    names: new Map<string, string>(),
    sizes: new Map<string, number>(),
  };
  return { fragment, report, context };
}
