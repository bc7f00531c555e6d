import { createMetricRegistry } from "../../operations/metric-registry.ts";
import { agentMetrics } from "../operations/metric-definitions.ts";
import { createClusterSource } from "../source/cluster/cluster-source.ts";
import { createApiClient } from "../source/cluster/create-api-client.ts";
import { loadKubeConfig } from "../source/cluster/load-kube-config.ts";
import { createTranslator } from "../translate/translate.ts";
import type { Log } from "./agent-parts.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { ProblemLog } from "./problem-log.ts";
import type { OpenPublishing } from "./publishing.ts";
import { readConfiguration } from "./start-agent.ts";

/**
 * Reads the cluster once and tells what would be published. Nothing is written anywhere, and no lease is taken.
 *
 * @returns the plan, for people
 * @throws what keeps the agent from starting, and what keeps the current table from being read
 */
export async function dryRun(settings: AgentSettings, log: Log, open: OpenPublishing): Promise<string> {
  const { translation } = await readConfiguration(settings, log);
  const api = createApiClient(await loadKubeConfig(settings.cluster));
  const registry = createMetricRegistry(agentMetrics);
  const { publisher, hosts, describe } = await open(settings, { registry, log, isLeader: () => false });
  const source = createClusterSource({ client: api, namespaces: settings.namespaces ?? [] });
  try {
    await source.synced;
    const { table, problems } = createTranslator(translation).translate(source.objects);
    new ProblemLog(log).update([...source.problems(), ...problems]);
    return await describe(table);
  } finally {
    await Promise.all([source.close(), hosts.close(), publisher.close()]);
    await api.close();
  }
}
