import { randomBytes } from "node:crypto";
import { createSecureContext } from "node:tls";
import { createMetricRegistry, type MetricRegistry } from "../../operations/metric-registry.ts";
import { type Feed, startFeed } from "../feed/start-feed.ts";
import { LeaderElector } from "../lease/leader-elector.ts";
import { createLeaseClient } from "../lease/lease-client.ts";
import { agentMetrics, type MetricName } from "../operations/metric-definitions.ts";
import type { ApiClient } from "../source/cluster/api-client.ts";
import { createClusterSource } from "../source/cluster/cluster-source.ts";
import { createApiClient } from "../source/cluster/create-api-client.ts";
import { loadKubeConfig } from "../source/cluster/load-kube-config.ts";
import { createStatusReporter } from "../status/status-reporter.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import type { AgentParts, LeaderLease, Log } from "./agent-parts.ts";
import { type AgentSettings, SettingsError } from "./agent-settings.ts";
import { freshAt } from "./feed-freshness.ts";
import { leadAlways } from "./lead-always.ts";
import { noStatuses } from "./no-statuses.ts";
import type { OpenPublishing } from "./publishing.ts";
import { readSettingsFile } from "./read-settings-file.ts";
import { sleep } from "./time.ts";

/** The parts that reach out: to the API server, to Cloudflare, to relays. */
export interface Connections
  extends Pick<AgentParts, "source" | "publisher" | "lease" | "feed" | "statuses" | "hosts"> {
  registry: MetricRegistry<MetricName>;
  feedAddress: Feed["address"];
  close(): Promise<void>;
}

/**
 * @param open what is published to
 * @throws SettingsError, KubeConfigError, and what listening throws
 */
export async function connect(
  settings: AgentSettings,
  translation: TranslateSettings,
  log: Log,
  open: OpenPublishing,
): Promise<Connections> {
  const registry = createMetricRegistry(agentMetrics);
  const feedFiles = await readFeedFiles(settings);
  const access = await loadKubeConfig(settings.cluster);
  const api = createApiClient(access);
  const lease = createLease(settings, api, access.namespace, log);
  const isLeader = (): boolean => lease.isLeader();
  const { publisher, hosts, admin } = await open(settings, { registry, log, isLeader });
  const source = createClusterSource({ client: api, namespaces: settings.namespaces ?? [] });
  const feed = await startFeed({
    listen: settings.feed.listen,
    ...feedFiles,
    freshAt: () => freshAt(source, Date.now()),
  }).catch(async (error: unknown) => {
    await Promise.all([source.close(), api.close(), publisher.close(), hosts.close()]);
    throw error;
  });
  registry.onCollect(() => {
    const { relays, stalled } = feed.stats();
    registry.set("sluice_agent_feed_readers", relays);
    registry.replace("sluice_agent_feed_stalls_total", [{ value: stalled, labels: {} }]);
  });
  const statuses = settings.writesStatuses
    ? createStatusReporter({
        api,
        settings: translation,
        address: settings.statusAddress,
        admin,
        identity: settings.identity,
        isLeader,
        log,
        now: Date.now,
        sleep,
        random: Math.random,
      })
    : noStatuses;
  return {
    source,
    publisher,
    lease,
    feed,
    statuses,
    hosts,
    registry,
    feedAddress: feed.address,
    close: () => api.close(),
  };
}

async function readFeedFiles({ feed: { tokenFile, tls } }: AgentSettings): Promise<{
  token: string;
  tls?: { cert: string; key: string };
}> {
  const token = await readSettingsFile("feed-token-file", tokenFile);
  if (tls === undefined) return { token };
  const [cert, key] = await Promise.all([
    readSettingsFile("feed-cert-file", tls.certFile),
    readSettingsFile("feed-key-file", tls.keyFile),
  ]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new SettingsError(
      `--feed-cert-file ${tls.certFile} and --feed-key-file ${tls.keyFile} are not a certificate and its key (${cause instanceof Error ? cause.message : String(cause)})`,
    );
  }
  return { token, tls: { cert, key } };
}

function createLease(
  { lease, identity }: AgentSettings,
  api: ApiClient,
  ownNamespace: string | undefined,
  log: Log,
): LeaderLease {
  if (lease === undefined) return leadAlways();
  const { name, namespace = ownNamespace } = lease;
  if (namespace === undefined) {
    throw new SettingsError(
      "in which namespace is the Lease? Name it by --lease-namespace, or lead always: --no-lease",
    );
  }
  return new LeaderElector({
    client: createLeaseClient(api, { namespace, name }),
    namespace,
    name,
    // A replica that starts again under its old name is another one: what it led before it knows nothing of.
    identity: `${identity}_${randomBytes(4).toString("hex")}`,
    log,
  });
}
