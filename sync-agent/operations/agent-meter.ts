import { createMetricRegistry, type MetricRegistry } from "../../operations/metric-registry.ts";
import type { Table } from "../../src/table/table.ts";
import type { AgentMeter } from "../agent/agent-parts.ts";
import type { ObjectSource } from "../source/object-source.ts";
import type { Problem } from "../translate/problem.ts";
import { agentMetrics, type MetricName } from "./metric-definitions.ts";

/** The agent's metrics, and where it puts its measurements. */
export interface AgentMetrics extends AgentMeter {
  readonly registry: MetricRegistry<MetricName>;
}

/** @param now milliseconds since 1970 */
export function createAgentMetrics(
  source: ObjectSource,
  now: () => number,
  registry: MetricRegistry<MetricName> = createMetricRegistry(agentMetrics),
): AgentMetrics {
  const events = createEventCounter(source, registry);
  let isSynced = false;
  let lastGoodAt: number | undefined;
  let lastTable: Table | undefined;
  let lastProblems: readonly Problem[] | undefined;
  void source.synced.then(() => {
    isSynced = true;
  });
  registry.set("sluice_agent_leader", 0);
  registry.onCollect(() => {
    registry.set("sluice_agent_synced", isSynced ? 1 : 0);
    const ages = lastGoodAt === undefined ? [] : [{ value: (now() - lastGoodAt) / 1000, labels: {} }];
    registry.replace("sluice_agent_last_good_publish_seconds", ages);
    // Counted here, not with each change: a large table's parts are put together only when they are read.
    registry.set("sluice_agent_routers", lastTable?.routers.length ?? 0);
    registry.set("sluice_agent_services", Object.keys(lastTable?.services ?? {}).length);
    collectKinds(source, registry, now());
  });
  return {
    registry,
    translated({ seconds, translation: { table }, problems, isUrgent }) {
      events();
      registry.observe("sluice_agent_translate_seconds", seconds, { urgent: String(isUrgent) });
      lastTable = table;
      if (problems !== lastProblems) registry.replace("sluice_agent_problems", countProblems(problems));
      lastProblems = problems;
    },
    attempted({ outcome, seconds }) {
      registry.observe("sluice_agent_publish_seconds", seconds, { outcome });
    },
    confirmed() {
      lastGoodAt = now();
    },
    pointed({ generation }) {
      registry.set("sluice_agent_generation", generation);
    },
    leads({ isLeader, epoch }) {
      registry.set("sluice_agent_leader", isLeader ? 1 : 0);
      registry.set("sluice_agent_epoch", epoch ?? 0);
    },
  };
}

/** Counts what was put into the store since the last call; what the journal has forgotten by then is not counted. */
function createEventCounter({ objects }: ObjectSource, registry: MetricRegistry<MetricName>): () => void {
  let seen = 0;
  return () => {
    const { journal } = objects;
    const changes = journal.since(seen) ?? [];
    seen = journal.version;
    for (const { kind } of changes) registry.add("sluice_agent_events_total", 1, { kind });
  };
}

function collectKinds(source: ObjectSource, registry: MetricRegistry<MetricName>, now: number): void {
  const kinds = source.status();
  registry.replace(
    "sluice_agent_kind_state",
    kinds.map(({ kind, state }) => ({ value: 1, labels: { kind, state } })),
  );
  const sums = (pick: (status: (typeof kinds)[number]) => number): { value: number; labels: { kind: string } }[] => {
    const byKind = new Map<string, number>();
    for (const status of kinds) byKind.set(status.kind, (byKind.get(status.kind) ?? 0) + pick(status));
    return [...byKind].map(([kind, value]) => ({ value, labels: { kind } }));
  };
  registry.replace(
    "sluice_agent_objects",
    sums(({ objects }) => objects),
  );
  registry.replace(
    "sluice_agent_watch_restarts_total",
    sums(({ restarts }) => restarts),
  );
  const heard = kinds.flatMap(({ kind, heardAt }) => (heardAt === undefined ? [] : [{ kind, heardAt }]));
  registry.replace(
    "sluice_agent_kind_silence_seconds",
    heard.map(({ kind, heardAt }) => ({ value: Math.max(0, now - heardAt) / 1000, labels: { kind } })),
  );
}

function countProblems(problems: readonly Problem[]): { value: number; labels: { code: string; severity: string } }[] {
  const counts = new Map<string, { value: number; labels: { code: string; severity: string } }>();
  for (const { code, severity } of problems) {
    const key = `${code} ${severity}`;
    const count = counts.get(key) ?? { value: 0, labels: { code, severity } };
    count.value += 1;
    counts.set(key, count);
  }
  return [...counts.values()];
}
