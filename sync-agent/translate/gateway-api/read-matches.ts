import { type Place, readElements, within } from "../traefik/context.ts";
import { type RouteMatch, readMatch } from "./match-rule.ts";
import { type MatchSpec, matchSchema } from "./route-schema.ts";

interface IndexedMatch {
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
export function readMatches(list: readonly unknown[], rule: Place): IndexedMatch[] {
  const place = within(rule, "matches");
  const elements = list.length === 0 ? [{}] : list;
  const found: IndexedMatch[] = [];
  let emptied: IndexedMatch | undefined;
  for (const { value, at } of readElements(matchSchema, elements, place)) {
    const index = Number(at.path.at(-1));
    const match = readMatch(value, at);
    if (match === undefined) continue;
    const fields = fieldsOf(elements[index]);
    if (fields.length === 0 || !isEmpty(value)) found.push({ match, index });
    else if (isHostOnly(fields)) emptied ??= { match, index };
    else reportEmptied(at);
  }
  const hasOnlyHosts = elements.every((element) => isHostOnly(fieldsOf(element)));
  return emptied !== undefined && hasOnlyHosts ? [emptied] : found;
}

const fieldsOf = (element: unknown): string[] =>
  typeof element === "object" && element !== null ? Object.keys(element) : [];

const isHostOnly = (fields: readonly string[]): boolean =>
  fields.length > 0 && fields.every((field) => field === "hostname" || field === "hostnames");

const isEmpty = ({ path, headers, queryParams, method }: MatchSpec): boolean =>
  path === undefined && method === undefined && headers.length === 0 && queryParams.length === 0;

function reportEmptied({ path, report }: Place): void {
  report({
    code: "invalid-field",
    severity: "error",
    path,
    message: "Nothing of this match is a condition; it is left out, lest it take every request",
    hint: "A match has `path`, `headers`, `queryParams` and `method`",
  });
}
