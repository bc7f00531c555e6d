import * as z from "zod";
import { type Place, readElements, within } from "../traefik/context.ts";
import type { RouteMatch } from "./match-rule.ts";

export interface IndexedMatch {
  match: RouteMatch;
  index: number;
}

/**
 * The matches of a rule that can be served; without any written, the one that takes every path.
 *
 * A match of which nothing remains, because none of its fields is one, is left out: whoever wrote a condition did
 * not mean every request. But where a rule has nothing else than matches on hostnames (a field that matches do not
 * have), the route's own hostnames stand for these.
 */
export function readMatches<S extends z.ZodType<object>>(
  schema: S,
  readMatch: (match: z.output<S>, place: Place) => RouteMatch | undefined,
  list: readonly unknown[],
  rule: Place,
): IndexedMatch[] {
  const place = within(rule, "matches");
  const elements = list.length === 0 ? [{}] : list;
  const found: IndexedMatch[] = [];
  let emptied: IndexedMatch | undefined;
  for (const { value, at } of readElements(schema, elements, place)) {
    const index = Number(at.path.at(-1));
    const match = readMatch(value, at);
    if (match === undefined) continue;
    const fields = fieldsOf(elements[index]);
    if (fields.length === 0 || !isEmpty(value)) found.push({ match, index });
    else if (isHostOnly(fields)) emptied ??= { match, index };
    else reportEmptied(at, schema);
  }
  const hasOnlyHosts = elements.every((element) => isHostOnly(fieldsOf(element)));
  return emptied !== undefined && hasOnlyHosts ? [emptied] : found;
}

const fieldsOf = (element: unknown): string[] =>
  typeof element === "object" && element !== null ? Object.keys(element) : [];

const isHostOnly = (fields: readonly string[]): boolean =>
  fields.length > 0 && fields.every((field) => field === "hostname" || field === "hostnames");

const isEmpty = (match: object): boolean =>
  Object.values(match).every((field) => field === undefined || (Array.isArray(field) && field.length === 0));

function reportEmptied({ path, report }: Place, schema: z.ZodType): void {
  const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  report({
    code: "invalid-field",
    severity: "error",
    path,
    message: "Nothing of this match is a condition; it is left out, lest it take every request",
    hint: `A match has ${fields.map((field) => `\`${field}\``).join(", ")}`,
  });
}
