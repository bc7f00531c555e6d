import type { MetricDefinition } from "../../../operations/metric-definition.ts";
import type { MetricRegistry } from "../../../operations/metric-registry.ts";
import type { GuardStats } from "./guard-set.ts";

/** What is told of the middlewares that requests are held to here. */
export const guardMetrics = {
  sluice_gateway_guard_refused_total: {
    type: "counter",
    help: "Requests and calls that an inFlightReq or a circuitBreaker did not let pass.",
    labels: ["middleware"],
  },
  sluice_gateway_circuit_breaker_opened_total: {
    type: "counter",
    help: "How often a circuitBreaker has opened.",
    labels: ["middleware"],
  },
  sluice_gateway_retries_total: {
    type: "counter",
    help: "Times that a retry sent a request or a call again.",
    labels: ["middleware"],
  },
} as const satisfies Record<string, MetricDefinition>;
type GuardMetricName = keyof typeof guardMetrics;

const sources: Readonly<Record<GuardMetricName, keyof GuardStats>> = {
  sluice_gateway_guard_refused_total: "refused",
  sluice_gateway_circuit_breaker_opened_total: "opened",
  sluice_gateway_retries_total: "retried",
};

export function collectGuards(registry: Pick<MetricRegistry<GuardMetricName>, "replace">, stats: GuardStats): void {
  for (const name of Object.keys(sources) as GuardMetricName[]) {
    const values = [...stats[sources[name]]].map(([middleware, value]) => ({ value, labels: { middleware } }));
    registry.replace(name, values);
  }
}
