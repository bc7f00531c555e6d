import type * as z from "zod";
import type { LoadBalancer } from "../../../src/table/service.ts";
import type { Place } from "../traefik/context.ts";
import type { Precedence } from "./precedence.ts";
import type { IndexedMatch } from "./read-matches.ts";
import type { RuleSpec } from "./route-schema.ts";

/** What is different between the kinds of routes whose rules take requests. */
export interface RouteKind {
  readonly kind: "HTTPRoute" | "GRPCRoute";
  readonly ruleSchema: z.ZodType<RuleSpec>;
  /** The matches of a rule that can be served. */
  readonly readMatches: (list: readonly unknown[], rule: Place) => IndexedMatch[];
  /** A router's priority. */
  readonly priorityOf: (match: Precedence) => number;
  /** The filters that its rules and backends may have. */
  readonly filterTypes: readonly string[];
  /** How Pods are spoken to whose Service does not ask for TLS. */
  readonly plainScheme: LoadBalancer["scheme"];
}
