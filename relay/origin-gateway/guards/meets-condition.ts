import type { BreakerComparison, BreakerCondition } from "../../../src/table/breaker-condition.ts";
import type { AnswerMetrics } from "./answer-metrics.ts";

/** Whether answers are so that a circuit breaker opens. */
export function meetsCondition(condition: BreakerCondition, metrics: AnswerMetrics, now: number): boolean {
  switch (condition.type) {
    case "and":
      return condition.rules.every((rule) => meetsCondition(rule, metrics, now));
    case "or":
      return condition.rules.some((rule) => meetsCondition(rule, metrics, now));
    case "not":
      return !meetsCondition(condition.rule, metrics, now);
    default:
      return compare(measure(condition, metrics, now), condition);
  }
}

function measure(comparison: BreakerComparison, metrics: AnswerMetrics, now: number): number {
  switch (comparison.type) {
    case "networkErrorRatio":
      return metrics.networkErrorRatio(now);
    case "responseCodeRatio": {
      const { from, to, dividedByFrom, dividedByTo } = comparison;
      return metrics.responseCodeRatio(from, to, dividedByFrom, dividedByTo, now);
    }
    case "latencyAtQuantile":
      return metrics.latencyAtQuantile(comparison.quantile, now);
  }
}

function compare(measured: number, { operator, value }: BreakerComparison): boolean {
  switch (operator) {
    case "<":
      return measured < value;
    case "<=":
      return measured <= value;
    case ">":
      return measured > value;
    case ">=":
      return measured >= value;
    case "==":
      return measured === value;
    case "!=":
      return measured !== value;
  }
}
