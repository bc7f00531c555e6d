import type { MetricDefinition } from "../../operations/metric-definition.ts";
import type { MetricRegistry } from "../../operations/metric-registry.ts";
import type { Spiffe } from "./start-spiffe.ts";

/** What is told of the relay's identity, and of Pods that it must know by theirs. */
export const spiffeMetrics = {
  sluice_relay_spiffe_ready: {
    type: "gauge",
    help: "1 while the relay has an identity of the SPIFFE Workload API; not there when it is told of none.",
    together: "min",
    labels: [],
  },
  sluice_relay_spiffe_expires_seconds: {
    type: "gauge",
    help: "Seconds until that identity ends, if no other comes.",
    together: "min",
    labels: [],
  },
  sluice_relay_spiffe_updates_total: {
    type: "counter",
    help: "Identities that the Workload API gave, each in place of the one before.",
    labels: [],
  },
  sluice_relay_spiffe_failures_total: {
    type: "counter",
    help: "Calls of the Workload API that failed, and answers of it that could not be used.",
    labels: [],
  },
  sluice_relay_spiffe_refused_total: {
    type: "counter",
    help: "Connections to Pods that were not made for `spiffe` of their ServersTransport: `not-configured` (no Workload API), `no-identity`, `untrusted` (no authority of its trust domain vouches for the Pod), `not-allowed` (it is another one).",
    labels: ["reason"],
  },
} as const satisfies Record<string, MetricDefinition>;
type SpiffeMetricName = keyof typeof spiffeMetrics;

/** @param now milliseconds since 1970 */
export function collectSpiffe(
  registry: Pick<MetricRegistry<SpiffeMetricName>, "replace">,
  { source, trust }: Spiffe,
  now: number,
): void {
  const only = (value: number | undefined) => (value === undefined ? [] : [{ value, labels: {} }]);
  const identity = source?.current();
  const { updates, failures } = source?.stats() ?? {};
  registry.replace("sluice_relay_spiffe_ready", only(source && (identity === undefined ? 0 : 1)));
  registry.replace("sluice_relay_spiffe_expires_seconds", only(identity && (identity.expiresAt - now) / 1000));
  registry.replace("sluice_relay_spiffe_updates_total", only(updates));
  registry.replace("sluice_relay_spiffe_failures_total", only(failures));
  registry.replace(
    "sluice_relay_spiffe_refused_total",
    Object.entries(trust.refused).map(([reason, value]) => ({ value, labels: { reason } })),
  );
}
