import { type OperationsServer, startOperations } from "../../operations/operations-server.ts";
import { loadStaticConfig } from "../config/static-config.ts";
import { createAgentMetrics } from "../operations/agent-meter.ts";
import { defaultSettings, type TranslateSettings } from "../translate/settings.ts";
import { createTranslator } from "../translate/translate.ts";
import type { Log } from "./agent-parts.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { type Connections, connect } from "./connect.ts";
import { type Agent, createAgent } from "./create-agent.ts";
import { loadSealKey } from "./load-seal-key.ts";
import type { OpenPublishing } from "./publishing.ts";

export interface StartedAgent {
  readonly agent: Agent;
  readonly operations: OperationsServer["address"];
  readonly feed: Connections["feedAddress"];
  stop(): Promise<void>;
}

/**
 * Puts the agent together: source -> translate -> feed, and publish while the lease is held.
 *
 * @throws what keeps it from starting: files that cannot be read, no credentials, ports in use
 */
export async function startAgent(settings: AgentSettings, log: Log, open: OpenPublishing): Promise<StartedAgent> {
  const { translation, throttleMs: configured = THROTTLE_MS } = await readConfiguration(settings, log);
  const throttleMs = settings.throttleMs ?? configured;
  const connections: Connections = await connect(settings, translation, log, open);
  const { source, publisher, lease, feed, statuses, hosts, registry } = connections;
  const metrics = createAgentMetrics(source, Date.now, registry);
  let agent: Agent | undefined;
  let isFed = false;
  const operations = await startOperations({
    listen: settings.operations,
    isAlive: () => agent === undefined || agent.state.name === "syncing" || agent.state.name === "running",
    whyNotReady: () => (isFed ? undefined : "not every kind of object has been read yet"),
    metrics: () => metrics.registry.read(),
  }).catch(async (error: unknown) => {
    await connections.close();
    throw error;
  });
  agent = createAgent(
    { source, translator: createTranslator(translation), feed, publisher, lease, statuses, hosts, meter: metrics, log },
    { throttleMs, random: Math.random },
  );
  const running = agent;
  void running.fed.then(() => {
    isFed = true;
    log.info({}, "every kind has been read: relays are fed");
  });
  log.info({ operations: operations.address, feed: connections.feedAddress, throttleMs }, "started");
  return {
    agent: running,
    operations: operations.address,
    feed: connections.feedAddress,
    async stop() {
      await running.stop();
      await connections.close();
      await operations.close();
    },
  };
}

/** As Traefik's. */
const THROTTLE_MS = 2_000;

interface Configuration {
  translation: TranslateSettings;
  throttleMs: number | undefined;
}

/** Traefik's static configuration, and the namespaces that flags name. */
export async function readConfiguration(
  { configFile, namespaces, sealKeyFile }: AgentSettings,
  log: Log,
): Promise<Configuration> {
  const config = configFile === undefined ? undefined : await loadStaticConfig(configFile);
  for (const { code, message, hint, location } of config?.problems ?? []) {
    log.warn({ code, hint, file: location.file, line: location.line }, `configuration: ${message}`);
  }
  const translation = config?.settings ?? defaultSettings();
  const sealKey = await loadSealKey({ sealKeyFile });
  if (sealKey !== undefined) translation.sealKey = sealKey;
  if (namespaces !== undefined) {
    for (const provider of [translation.crd, translation.ingress]) provider.namespaces ??= namespaces;
  }
  return { translation, throttleMs: config?.throttleMs };
}
