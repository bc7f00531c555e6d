import * as z from "zod/mini";
import type { RuleTree } from "./rule.ts";

/**
 * When a circuit breaker opens: measures of the last answers, each compared with a number (Traefik,
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/circuitbreaker/).
 */
export type BreakerCondition = RuleTree<BreakerComparison>;

type Comparison = { operator: "<" | "<=" | ">" | ">=" | "==" | "!="; value: number };

export type BreakerComparison = Comparison &
  (
    | { type: "networkErrorRatio" }
    /** Answers of the statuses `from` to below `to`, in proportion to those of the others. */
    | { type: "responseCodeRatio"; from: number; to: number; dividedByFrom: number; dividedByTo: number }
    /** In milliseconds; the quantile in percent. */
    | { type: "latencyAtQuantile"; quantile: number }
  );

const comparison = { operator: z.enum(["<", "<=", ">", ">=", "==", "!="]), value: z.number() };

export const breakerConditionSchema: z.ZodMiniType<BreakerCondition> = z.lazy(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("and"), rules: z.array(breakerConditionSchema) }),
    z.strictObject({ type: z.literal("or"), rules: z.array(breakerConditionSchema) }),
    z.strictObject({ type: z.literal("not"), rule: breakerConditionSchema }),
    z.strictObject({ type: z.literal("networkErrorRatio"), ...comparison }),
    z.strictObject({
      type: z.literal("responseCodeRatio"),
      from: z.number(),
      to: z.number(),
      dividedByFrom: z.number(),
      dividedByTo: z.number(),
      ...comparison,
    }),
    z.strictObject({ type: z.literal("latencyAtQuantile"), quantile: z.number(), ...comparison }),
  ]),
);
