import type { Listen, RelaySettings } from "../../relay/relay-settings.ts";
import { parseWorkloadEndpoint } from "../../relay/spiffe/workload-endpoint.ts";
import { defaultStreamSettings } from "../../relay/streams/stream-settings.ts";
import { type FlagValues, SettingsError } from "../../sync-agent/agent/agent-settings.ts";
import { parseAddress } from "../../sync-agent/config/parse-address.ts";
import { parseGoDuration } from "../../sync-agent/translate/go-duration.ts";

/**
 * @param endpointSocket what SPIFFE's own variable says, which counts where the flag does not
 * @throws SettingsError
 */
export function readRelaySettings(flags: FlagValues, endpointSocket?: string): RelaySettings {
  const text = (name: string): string | undefined => {
    const value = flags[name];
    if (typeof value === "boolean" || value === "") throw new SettingsError(`--${name} needs a value`);
    return value;
  };
  const needed = (name: string, what: string): string => {
    const value = text(name);
    if (value === undefined) throw new SettingsError(`${what}: --${name}`);
    return value;
  };
  const urls = needed("feed", "name the agents' feed")
    .split(",")
    .flatMap((url) => url.trim() || []);
  if (urls.length === 0) throw new SettingsError("--feed needs a value");
  for (const url of urls) checkFeedUrl(url);
  const processes = readCount("processes", text("processes")) ?? 1;
  const gateway = readListen("gateway", text("gateway") ?? "0.0.0.0:8080");
  const streamAddresses = readStreamAddresses(text("stream-address") ?? "");
  const isShared = processes > 1;
  if (isShared && [gateway, ...Object.values(streamAddresses)].some(({ port }) => port === 0)) {
    throw new SettingsError("--processes needs ports to share: none can be 0");
  }
  return {
    processes,
    feed: {
      urls,
      tokenFile: needed("feed-token-file", "the relay proves itself to the agents by a token"),
      caFile: text("feed-ca-file"),
    },
    cacheFile: text("cache"),
    keepsCache: true,
    gateway: { ...gateway, reusePort: isShared },
    hopKeys: needed("hop-keys", "the edge is known by its public keys"),
    operations: readListen("operations", text("operations") ?? "0.0.0.0:9091"),
    streams: {
      ...defaultStreamSettings,
      maxConnections: readCount("max-connections", text("max-connections")) ?? defaultStreamSettings.maxConnections,
      maxSessions: readCount("max-udp-sessions", text("max-udp-sessions")) ?? defaultStreamSettings.maxSessions,
      serverFirstWaitMs:
        optional(text("server-first-wait"), (value) => readDuration("server-first-wait", value)) ??
        defaultStreamSettings.serverFirstWaitMs,
      sharesPorts: isShared,
      lingerMs: optional(text("linger"), (value) => readDuration("linger", value)),
    },
    streamAddresses,
    grpc: {
      entryPoints: (text("grpc") ?? "").split(",").flatMap((name) => name.trim() || []),
      sealKeyFile: text("seal-key-file"),
    },
    spiffeEndpoint: readSpiffeEndpoint(text("spiffe-endpoint"), endpointSocket),
    hasAccessLog: flags["access-log"] === true,
    graceMs: readDuration("grace", text("grace") ?? "10s"),
    logLevel: readLevel(text("log-level") ?? "info"),
  };
}

/** The feed carries private keys: over plain HTTP it never leaves the machine. */
function checkFeedUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:") return;
  if (url?.protocol !== "http:")
    throw new SettingsError(`--feed ${text} is no URL such as https://sluice-agent.sluice.svc:9443`);
  if (!/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)) {
    throw new SettingsError(`--feed ${text}: the feed carries private keys, so it is https beyond this machine`);
  }
}

/** @throws SettingsError */
export function readSpiffeEndpoint(
  flag: string | undefined,
  variable: string | undefined,
): RelaySettings["spiffeEndpoint"] {
  const [name, value] = flag === undefined ? ["SPIFFE_ENDPOINT_SOCKET", variable] : ["--spiffe-endpoint", flag];
  if (!value) return undefined;
  const endpoint = parseWorkloadEndpoint(value);
  if (endpoint !== undefined) return endpoint;
  throw new SettingsError(
    `${name} ${value} is no address of a Workload API, such as unix:///run/spire/sockets/agent.sock or tcp://127.0.0.1:8081`,
  );
}

function readListen(flag: string, value: string): Listen {
  const address = parseAddress(value);
  if (address === undefined || address.protocol !== "tcp") {
    throw new SettingsError(`--${flag} ${value} is no address to listen on, such as 0.0.0.0:8080 or [::]:8080`);
  }
  return { host: address.host || "0.0.0.0", port: address.port };
}

const optional = <T>(value: string | undefined, read: (value: string) => T): T | undefined =>
  value === undefined ? undefined : read(value);

function readCount(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new SettingsError(`--${flag} ${value} is no number from 1 on`);
  return Number(value);
}

/** `mongo=127.0.0.1:27018,dns=:5353`: entry points by name. */
function readStreamAddresses(value: string): RelaySettings["streamAddresses"] {
  const entries = value.split(",").flatMap((entry) => entry.trim() || []);
  return Object.fromEntries(
    entries.map((entry) => {
      const [name = "", text = ""] = entry.split(/=(.*)/s);
      const address = parseAddress(text);
      if (name === "" || address === undefined) {
        throw new SettingsError(
          `--stream-address ${entry} is no address of an entry point, such as mongo=0.0.0.0:27017`,
        );
      }
      return [name, { host: address.host, port: address.port }];
    }),
  );
}

function readDuration(flag: string, value: string): number {
  const ms = parseGoDuration(value);
  if (ms === undefined || ms < 0) throw new SettingsError(`--${flag} ${value} is no duration, such as 10s or 500ms`);
  return ms;
}

function readLevel(value: string): RelaySettings["logLevel"] {
  const level = (["debug", "info", "warn", "error"] as const).find((known) => known === value);
  if (level === undefined) throw new SettingsError(`--log-level ${value} is none of debug, info, warn, error`);
  return level;
}
