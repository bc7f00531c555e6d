import type { MetricDefinition } from "../../operations/metric-definition.ts";

/** The metrics of gRPC by name. */
export const grpcMetrics = {
  sluice_grpc_calls_total: {
    type: "counter",
    help: "Calls that have ended, by the status that the client got; `gone` when it went away before.",
    labels: ["entrypoint", "service", "code"],
  },
  sluice_grpc_call_seconds: {
    type: "histogram",
    help: "Time from a call's headers to the end of its answer.",
    labels: ["entrypoint"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  sluice_grpc_open_calls: { type: "gauge", help: "Calls that are open.", labels: [] },
  sluice_grpc_open_connections: { type: "gauge", help: "Connections of HTTP/2 that clients have open.", labels: [] },
  sluice_grpc_failed_handshakes_total: {
    type: "counter",
    help: "Connections for calls on which no TLS came about: of clients that gave up, without a certificate for the name or by options that are closed.",
    labels: [],
  },
  sluice_grpc_refused_dials_total: {
    type: "counter",
    help: "Connections that an endpoint refused; the call then went to another, if there was one.",
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>;

export type GrpcMetricName = keyof typeof grpcMetrics;
