import type { MetricDefinition } from "../sync-agent/operations/metric-definitions.ts";

/** The relay's metrics by name, besides those of the process that every Node program has. */
export const relayMetrics = {
  sluice_gateway_requests_total: { type: "counter", help: "Requests that came from the edge.", labels: [] },
  sluice_gateway_unauthorized_total: {
    type: "counter",
    help: "Requests without a valid token of the edge for their service.",
    labels: [],
  },
  sluice_gateway_refused_dials_total: {
    type: "counter",
    help: "Connections that an endpoint refused; the request then went to another.",
    labels: [],
  },
  sluice_gateway_failed_total: { type: "counter", help: "Requests that no endpoint answered.", labels: [] },
  sluice_gateway_pools: { type: "gauge", help: "Endpoints to which connections are kept.", labels: [] },
  sluice_relay_feed_connected: { type: "gauge", help: "1 while an agent's feed is followed.", labels: [] },
  sluice_relay_feed_reconnects_total: {
    type: "counter",
    help: "How often an agent's feed had to be left.",
    labels: [],
  },
  sluice_relay_generation: {
    type: "gauge",
    help: "The generation that the edge was last told of, as the feed has it.",
    labels: [],
  },
  sluice_relay_table_age_seconds: {
    type: "gauge",
    help: "Seconds since the table was last known to be that of the cluster.",
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>;

export type RelayMetricName = keyof typeof relayMetrics;
