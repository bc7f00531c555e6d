import type { MetricValues } from "../../operations/metric-registry.ts";

/** What the relay's processes tell each other. */
export type FromChild =
  | { type: "started" }
  /** It has a table. */
  | { type: "ready" }
  | { type: "metrics"; id: number; values: MetricValues };

export type ToChild = { type: "read-metrics"; id: number };
