import type { MetricDefinition } from "../operations/metric-definition.ts";
import { grpcMetrics } from "./grpc/grpc-metrics.ts";
import { guardMetrics } from "./origin-gateway/guards/guard-metrics.ts";
import { spiffeMetrics } from "./spiffe/spiffe-metrics.ts";

const ROUTE = ["entrypoint", "router", "service"] as const;

/** The relay's metrics by name, besides those of the process that every Node program has. */
export const relayMetrics = {
  sluice_gateway_requests_total: { type: "counter", help: "Requests that came from the edge.", labels: [] },
  sluice_gateway_unauthorized_total: {
    type: "counter",
    help: "Requests without a valid token of the edge for their service.",
    labels: [],
  },
  sluice_gateway_refused_requests_total: {
    type: "counter",
    help: "Requests from the edge that were not admitted, by what was wrong: the token, the service that it names, the transport of that, a middleware.",
    labels: ["reason"],
  },
  sluice_gateway_refused_dials_total: {
    type: "counter",
    help: "Connections that an endpoint refused; the request then went to another.",
    labels: [],
  },
  sluice_gateway_failed_total: { type: "counter", help: "Requests that no endpoint answered.", labels: [] },
  ...guardMetrics,
  sluice_gateway_request_seconds: {
    type: "histogram",
    help: "Time from a request's headers to the end of its answer; upgraded connections are left out.",
    labels: [],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  sluice_gateway_open_requests: { type: "gauge", help: "Requests that are being answered.", labels: [] },
  sluice_gateway_open_connections: {
    type: "gauge",
    help: "Connections from the edge, upgraded ones included.",
    labels: [],
  },
  sluice_gateway_endpoint_up: {
    type: "gauge",
    help: "1 for an endpoint that passed its last health check or was not probed yet, 0 for one that failed it or was taken out by failed requests.",
    together: "min",
    labels: ["service", "endpoint"],
  },
  sluice_gateway_health_checks_total: {
    type: "counter",
    help: "Probes of endpoints by their result, `passed` or `failed`.",
    labels: ["service", "result"],
  },
  sluice_gateway_pools: { type: "gauge", help: "Endpoints to which connections are kept.", labels: [] },
  sluice_relay_feed_connected: {
    type: "gauge",
    help: "1 while an agent's feed is followed.",
    together: "min",
    labels: [],
  },
  sluice_relay_feed_reconnects_total: {
    type: "counter",
    help: "How often an agent's feed had to be left.",
    labels: [],
  },
  sluice_relay_generation: {
    type: "gauge",
    help: "The generation that the edge was last told of, as the feed has it.",
    together: "min",
    labels: [],
  },
  sluice_relay_table_age_seconds: {
    type: "gauge",
    help: "Seconds since the table was last known to be that of the cluster.",
    together: "max",
    labels: [],
  },
  sluice_relay_unread_entries: {
    type: "gauge",
    help: "Entries of the table that are closed because this relay is older than the agent and cannot read them.",
    together: "max",
    labels: [],
  },
  sluice_relay_listening: {
    type: "gauge",
    help: "1 where an entry point of TCP or UDP is listened at, 0 where it cannot be.",
    together: "min",
    labels: ["entrypoint", "protocol"],
  },
  sluice_relay_listen_failures_total: {
    type: "counter",
    help: "How often an entry point could not be listened at, since it has its address.",
    labels: ["entrypoint", "protocol"],
  },
  sluice_tcp_connections_total: { type: "counter", help: "Connections that a router took.", labels: ROUTE },
  sluice_tcp_open_connections: { type: "gauge", help: "Connections that are open.", labels: ROUTE },
  sluice_tcp_refused_connections_total: {
    type: "counter",
    help: "Connections that were closed before they reached an endpoint; without a router where none took them.",
    labels: [...ROUTE, "reason"],
  },
  sluice_tcp_received_bytes_total: { type: "counter", help: "Bytes that clients sent.", labels: ROUTE },
  sluice_tcp_sent_bytes_total: { type: "counter", help: "Bytes that clients were sent.", labels: ROUTE },
  sluice_tcp_connection_seconds: {
    type: "histogram",
    help: "How long connections that reached an endpoint lasted.",
    labels: ROUTE,
    buckets: [0.01, 0.1, 1, 10, 60, 600, 3_600, 86_400],
  },
  sluice_tcp_failed_dials_total: {
    type: "counter",
    help: "Connections that an endpoint refused; the client's then went to another, if there was one.",
    labels: ROUTE,
  },
  sluice_tcp_endpoint_up: {
    type: "gauge",
    help: "1 for an endpoint that passed its last health check or was not probed yet, 0 for one that failed it.",
    together: "min",
    labels: ["service", "endpoint"],
  },
  sluice_tcp_health_checks_total: {
    type: "counter",
    help: "Probes of endpoints by their result, `passed` or `failed`.",
    labels: ["service", "result"],
  },
  sluice_udp_open_sessions: { type: "gauge", help: "Sessions that are open.", labels: ROUTE },
  sluice_udp_sessions_total: { type: "counter", help: "Sessions that have begun.", labels: ROUTE },
  sluice_udp_received_bytes_total: { type: "counter", help: "Bytes that clients sent.", labels: ROUTE },
  sluice_udp_sent_bytes_total: { type: "counter", help: "Bytes that clients were sent.", labels: ROUTE },
  sluice_udp_received_datagrams_total: { type: "counter", help: "Datagrams that clients sent.", labels: ROUTE },
  sluice_udp_sent_datagrams_total: { type: "counter", help: "Datagrams that clients were sent.", labels: ROUTE },
  sluice_udp_dropped_datagrams_total: {
    type: "counter",
    help: "Datagrams that went no further: no route or endpoint takes them, the relay ends, no socket is left, the system did not send them.",
    labels: ["entrypoint", "reason"],
  },
  ...grpcMetrics,
  ...spiffeMetrics,
} as const satisfies Record<string, MetricDefinition>;

export type RelayMetricName = keyof typeof relayMetrics;
