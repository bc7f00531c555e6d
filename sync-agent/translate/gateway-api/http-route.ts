import { filterTypes } from "./filter-schema.ts";
import { readMatch } from "./match-rule.ts";
import { priorityOf } from "./precedence.ts";
import { readMatches } from "./read-matches.ts";
import { matchSchema, ruleSchema } from "./route-schema.ts";
import { translateRoute } from "./translate-route.ts";

/** A HTTPRoute (https://gateway-api.sigs.k8s.io/reference/spec/#httproute). */
export const translateHttpRoute = translateRoute({
  kind: "HTTPRoute",
  ruleSchema,
  readMatches: (list, rule) => readMatches(matchSchema, readMatch, list, rule),
  priorityOf,
  filterTypes,
  plainScheme: "http",
});
