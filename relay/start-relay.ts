import { performance } from "node:perf_hooks";
import { createMetricRegistry, type MetricRegistry, type MetricValues } from "../operations/metric-registry.ts";
import { type OperationsServer, startOperations } from "../operations/operations-server.ts";
import { createAccessLogs } from "../src/access-log/log-exchange.ts";
import type { FeedState } from "../src/feed/feed-document.ts";
import { bareRuntime } from "../src/middleware/runtime.ts";
import { createUnseal } from "../src/seal/create-unseal.ts";
import { emptyTable } from "../src/table/empty-table.ts";
import { GrpcStats } from "./grpc/grpc-stats.ts";
import { startGrpc } from "./grpc/start-grpc.ts";
import { collectGuards } from "./origin-gateway/guards/guard-metrics.ts";
import { GuardSet } from "./origin-gateway/guards/guard-set.ts";
import { type RunningGateway, startOriginGateway } from "./origin-gateway/start-gateway.ts";
import { readAuthorities, readSealKeys, readSecretFile } from "./read-secret-file.ts";
import { type RelayMetricName, relayMetrics } from "./relay-metrics.ts";
import type { RelaySettings } from "./relay-settings.ts";
import { collectSpiffe } from "./spiffe/spiffe-metrics.ts";
import { startSpiffe } from "./spiffe/start-spiffe.ts";
import { createConnectionLog, observeAll, type WriteLine } from "./streams/connection-log.ts";
import { type Streams, startStreams } from "./streams/start-streams.ts";
import { StreamStats } from "./streams/stream-stats.ts";
import { type FeedFollower, followFeed } from "./table/follow-feed.ts";
import { GatewayTableHolder } from "./table/gateway-table-holder.ts";
import { createTableCache, type TableCache } from "./table/table-cache.ts";
import { watchHopKeys } from "./table/watch-hop-keys.ts";

/** Takes log lines; pino's loggers do. */
export interface RelayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface StartedRelay {
  readonly gateway: RunningGateway["address"];
  readonly operations: OperationsServer["address"];
  readMetrics(): Promise<MetricValues>;
  /** Resolves when there is a table. */
  readonly ready: Promise<void>;
  /** Takes no new requests and connections, waits for those under way, then ends. */
  stop(): Promise<void>;
}

/**
 * Puts the relay together: feed -> table -> origin gateway, and listeners of TCP, UDP and gRPC.
 *
 * @param writeLine takes the lines of the access log that the static configuration asks for
 * @param writeAccess takes those of connections, where they are logged
 * @throws what keeps it from starting: files that cannot be read, ports in use
 */
export async function startRelay(
  settings: RelaySettings,
  log: RelayLog,
  writeLine: (line: string) => void,
  writeAccess?: WriteLine,
): Promise<StartedRelay> {
  const [token, ca, sealKeys] = await Promise.all([
    readSecretFile("--feed-token-file", settings.feed.tokenFile),
    settings.feed.caFile === undefined ? undefined : readAuthorities("--feed-ca-file", settings.feed.caFile),
    settings.grpc.sealKeyFile === undefined ? undefined : readSealKeys("--seal-key-file", settings.grpc.sealKeyFile),
  ]);
  const verifier = await watchHopKeys(settings.hopKeys, (message) => log.warn({}, message));
  const holder = new GatewayTableHolder({ now: () => performance.now() });
  const registry = createMetricRegistry(relayMetrics);
  let follower: FeedFollower | undefined;
  const spiffe = startSpiffe(settings.spiffeEndpoint, (level, message, fields) => log[level](fields, message));
  const guards = new GuardSet({ now: () => performance.now(), random: Math.random });
  const gateway = await startOriginGateway({
    guards,
    spiffe: spiffe.trust,
    table: holder,
    verifier,
    listen: settings.gateway,
    isTableLive: () => follower?.stats().isLive ?? false,
    now: Date.now,
    random: Math.random,
    log: (message, error) => log.error({ reason: String(error) }, message),
    logHealth: (level, message, fields) => log[level](fields, message),
    onRequestEnd: (seconds) => registry.observe("sluice_gateway_request_seconds", seconds),
  });
  const takesGrpc = (name: string): boolean => settings.grpc.entryPoints.includes(name);
  const grpcStats = new GrpcStats(registry);
  const grpc = startGrpc({
    guards,
    spiffe: spiffe.trust,
    table: emptyTable(),
    serves: takesGrpc,
    choices: gateway.choices,
    runtime: { ...bareRuntime(), ...(sealKeys !== undefined && { unseal: createUnseal(sealKeys) }) },
    handshakeTimeoutMs: settings.streams.handshakeTimeoutMs,
    random: Math.random,
    now: () => performance.now(),
    ended(end, isLogged) {
      grpcStats.ended(end);
      if (!isLogged) writeAccess?.({ ...end, durationMs: Math.round(end.durationMs) }, "call");
    },
    accessLogs: createAccessLogs({ write: writeLine, now: Date.now }),
    log: (message, error) => log.warn({ reason: String(error) }, message),
  });
  const stats = new StreamStats(registry);
  const streams = startStreams({
    table: emptyTable(),
    spiffe: spiffe.trust,
    settings: settings.streams,
    observer: writeAccess === undefined ? stats : observeAll([stats, createConnectionLog(writeAccess)]),
    placement: {
      place: (name) => (Object.hasOwn(settings.streamAddresses, name) ? settings.streamAddresses[name] : undefined),
      isShared: takesGrpc,
    },
    companion: grpc.companion,
    random: Math.random,
    now: () => performance.now(),
    log: (level, message, fields) => log[level](fields, message),
  });

  let isStopping = false;
  const ready = Promise.withResolvers<void>();
  const take = (state: FeedState, isNewTable: boolean): void => {
    const table = holder.take(state);
    ready.resolve();
    if (!isNewTable) return;
    gateway.tableChanged(table);
    streams.take(state.table);
    stats.retain(state.table);
    grpc.take(state.table);
    grpcStats.retain(state.table);
  };
  registry.onCollect(() => collect(registry, gateway, follower));
  registry.onCollect(() => collectSpiffe(registry, spiffe, Date.now()));
  registry.onCollect(() => grpcStats.collect(grpc.stats()));
  registry.onCollect(() => {
    stats.collect(streams.sessions());
    collectStreams(registry, streams);
  });
  const operations = await startOperations({
    listen: settings.operations,
    isAlive: () => !isStopping,
    whyNotReady: () => (holder.current() === undefined ? "there is no table yet" : undefined),
    metrics: () => registry.read(),
  }).catch(async (error: unknown) => {
    verifier.close();
    await spiffe.close();
    await Promise.all([gateway.close(0), streams.close(0), grpc.close(0)]);
    throw error;
  });
  const cacheProblem = (message: string): void => log.warn({}, message);
  follower = await followFeed({
    urls: settings.feed.urls,
    token,
    ...(ca !== undefined && { ca }),
    ...(settings.cacheFile !== undefined && {
      cache: openCache(settings.cacheFile, settings.keepsCache, cacheProblem),
    }),
    onState: take,
    log: (level, message) => log[level]({}, message),
  });
  const following = follower;
  log.info({ gateway: gateway.address, operations: operations.address }, "started");
  return {
    gateway: gateway.address,
    operations: operations.address,
    readMetrics: () => registry.readValues(),
    ready: ready.promise,
    async stop() {
      isStopping = true;
      // The table goes on changing under requests that are still under way.
      const { graceMs } = settings;
      await Promise.all([gateway.close(graceMs), streams.close(graceMs), grpc.close(graceMs)]);
      await following.close();
      await spiffe.close();
      verifier.close();
      await operations.close();
    },
  };
}

function openCache(file: string, keeps: boolean, problem: (message: string) => void): TableCache {
  const cache = createTableCache(file, problem);
  return keeps ? cache : { read: () => cache.read(), keep: () => {}, close: async () => {} };
}

function collect(
  registry: MetricRegistry<RelayMetricName>,
  gateway: RunningGateway,
  follower: FeedFollower | undefined,
): void {
  const { requests, unauthorized, refused, refusedDials, failed, pools, openRequests, openConnections } =
    gateway.stats();
  const totals = { requests, unauthorized, refused_dials: refusedDials, failed };
  for (const [name, value] of Object.entries(totals)) {
    registry.replace(`sluice_gateway_${name as keyof typeof totals}_total`, [{ value, labels: {} }]);
  }
  collectGuards(registry, gateway.stats().guards);
  registry.replace(
    "sluice_gateway_refused_requests_total",
    Object.entries(refused).map(([reason, value]) => ({ labels: { reason }, value })),
  );
  const { endpoints, probes } = gateway.health();
  registry.replace(
    "sluice_gateway_endpoint_up",
    endpoints.map(({ service, endpoint, isUp }) => ({ labels: { service, endpoint }, value: isUp ? 1 : 0 })),
  );
  registry.replace(
    "sluice_gateway_health_checks_total",
    probes.flatMap(({ service, ...counts }) =>
      (["passed", "failed"] as const).map((result) => ({ labels: { service, result }, value: counts[result] })),
    ),
  );
  registry.set("sluice_gateway_pools", pools);
  registry.set("sluice_gateway_open_requests", openRequests);
  registry.set("sluice_gateway_open_connections", openConnections);
  if (follower === undefined) return;
  const { isConnected, reconnects, unreadEntries } = follower.stats();
  registry.set("sluice_relay_unread_entries", unreadEntries);
  registry.set("sluice_relay_feed_connected", isConnected ? 1 : 0);
  registry.replace("sluice_relay_feed_reconnects_total", [{ value: reconnects, labels: {} }]);
  const { state } = follower;
  registry.set("sluice_relay_generation", state?.pointer?.generation ?? 0);
  const age = state === undefined ? [] : [{ value: Math.max(0, Date.now() - state.freshAt) / 1000, labels: {} }];
  registry.replace("sluice_relay_table_age_seconds", age);
}

function collectStreams(registry: MetricRegistry<RelayMetricName>, streams: Streams): void {
  const listeners = streams.listeners().map(({ name, protocol, address, failures }) => ({
    labels: { entrypoint: name, protocol },
    isOpen: address !== undefined,
    failures,
  }));
  registry.replace(
    "sluice_relay_listening",
    listeners.map(({ labels, isOpen }) => ({ labels, value: isOpen ? 1 : 0 })),
  );
  registry.replace(
    "sluice_relay_listen_failures_total",
    listeners.map(({ labels, failures }) => ({ labels, value: failures })),
  );
  const health = streams.health();
  registry.replace(
    "sluice_tcp_endpoint_up",
    [...health.list()].map(({ service, endpoint, isUp }) => ({ labels: { service, endpoint }, value: isUp ? 1 : 0 })),
  );
  registry.replace(
    "sluice_tcp_health_checks_total",
    [...health.results()].flatMap(([service, results]) =>
      (["passed", "failed"] as const).map((result) => ({ labels: { service, result }, value: results[result] })),
    ),
  );
}
