import type { MetricDefinition } from "../../operations/metric-definition.ts";

const quick = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const slow = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90];

/** The agent's metrics by name, besides those of the process that every Node program has. */
export const agentMetrics = {
  sluice_agent_events_total: {
    type: "counter",
    help: "Changes of objects that were taken in, by kind.",
    labels: ["kind"],
  },
  sluice_agent_objects: { type: "gauge", help: "Objects that are held, by kind.", labels: ["kind"] },
  sluice_agent_kind_state: {
    type: "gauge",
    help: "1 for the state in which following a kind is: syncing, synced, stale, forbidden or absent.",
    labels: ["kind", "state"],
  },
  sluice_agent_kind_silence_seconds: {
    type: "gauge",
    help: "Seconds since the API server was last heard of, by kind. A watch is silent for some minutes at most.",
    labels: ["kind"],
  },
  sluice_agent_watch_restarts_total: {
    type: "counter",
    help: "How often following a kind was begun anew.",
    labels: ["kind"],
  },
  sluice_agent_synced: {
    type: "gauge",
    help: "1 once every kind has been read; before that nothing is fed or published.",
    labels: [],
  },
  sluice_agent_translate_seconds: {
    type: "histogram",
    help: "Time to make a table of what has changed.",
    labels: ["urgent"],
    buckets: quick,
  },
  sluice_agent_plan_seconds: {
    type: "histogram",
    help: "Time to find the leaves and the root that KV lacks.",
    labels: [],
    buckets: quick,
  },
  sluice_agent_publish_seconds: {
    type: "histogram",
    help: "Time of one attempt to publish, by how it ended (done, failed, abandoned, or why it was refused).",
    labels: ["outcome"],
    buckets: slow,
  },
  sluice_agent_routers: { type: "gauge", help: "Routers in the newest table.", labels: [] },
  sluice_agent_services: { type: "gauge", help: "Services in the newest table.", labels: [] },
  sluice_agent_problems: {
    type: "gauge",
    help: "What is wrong with objects, by code and severity.",
    labels: ["code", "severity"],
  },
  sluice_agent_leader: { type: "gauge", help: "1 while this replica leads, and so publishes.", labels: [] },
  sluice_agent_epoch: {
    type: "gauge",
    help: "The epoch under which this replica publishes; 0 without one.",
    labels: [],
  },
  sluice_agent_generation: {
    type: "gauge",
    help: "The newest generation that the beacon is known to have accepted.",
    labels: [],
  },
  sluice_agent_last_good_publish_seconds: {
    type: "gauge",
    help: "Seconds since this replica last made sure that what is published is what is wanted; absent before the first time.",
    labels: [],
  },
  sluice_agent_kv_requests_total: {
    type: "counter",
    help: "What was asked of KV and the beacon, by operation.",
    labels: ["operation"],
  },
  sluice_agent_kv_errors_total: {
    type: "counter",
    help: "What was asked of KV and the beacon in vain, by operation.",
    labels: ["operation"],
  },
  sluice_agent_kv_writes_total: { type: "counter", help: "Keys written to KV; each bills as a write.", labels: [] },
  sluice_agent_feed_readers: { type: "gauge", help: "Relays that read this replica's feed.", labels: [] },
  sluice_agent_feed_stalls_total: {
    type: "counter",
    help: "Relays that were cut off, since they took nothing of the feed for half a minute.",
    labels: [],
  },
  sluice_agent_hosts: {
    type: "gauge",
    help: "Hosts that routes need, by how requests for them reach the Worker.",
    labels: ["state"],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof agentMetrics;
