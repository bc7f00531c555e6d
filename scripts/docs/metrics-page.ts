import type { MetricDefinition } from "../../operations/metric-definition.ts";
import { relayMetrics } from "../../relay/relay-metrics.ts";
import { agentMetrics } from "../../sync-agent/operations/metric-definitions.ts";
import { code, page, tableSection } from "./page.ts";

/** The metrics of each program that has some. */
const programs: Readonly<Record<string, Readonly<Record<string, MetricDefinition>>>> = {
  agent: agentMetrics,
  relay: relayMetrics,
};

export const metricsPage = (): string =>
  page(
    "Metrics",
    "What `/metrics` of each program tells, in Prometheus' text format, besides the `process_*` and `nodejs_*` metrics of every Node program.",
    Object.entries(programs).map(([program, metrics]) =>
      tableSection(
        program,
        ["metric", "type", "labels", "what it is"],
        Object.entries(metrics).map(([name, { type, labels, help }]) => [
          code(name),
          type,
          labels.map(code).join(", "),
          help,
        ]),
      ),
    ),
  );
