import type { MetricRegistry } from "../../operations/metric-registry.ts";
import { createHostManager, type HostManagerOptions } from "../hosts/host-manager.ts";
import type { MetricName } from "../operations/metric-definitions.ts";
import type { HostWatch } from "./agent-parts.ts";

/** The hosts of what is published, with their problems and metrics. */
export function watchHosts(
  options: Omit<HostManagerOptions, "onReport">,
  metrics: Pick<MetricRegistry<MetricName>, "replace">,
): HostWatch {
  const listeners: (() => void)[] = [];
  const manager = createHostManager({
    ...options,
    onReport({ counts }) {
      const values = Object.entries(counts).map(([state, value]) => ({ value, labels: { state } }));
      metrics.replace("sluice_agent_hosts", values);
      for (const listener of listeners) listener();
    },
  });
  return {
    update: (update) => manager.update(update),
    problems: () => manager.report().problems,
    onChange: (listener) => void listeners.push(listener),
    close: () => manager.close(),
  };
}
