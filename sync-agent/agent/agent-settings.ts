import { parseAddress } from "../config/parse-address.ts";
import type { KubeConfigOptions } from "../source/cluster/load-kube-config.ts";
import { parseGoDuration } from "../translate/go-duration.ts";

/** What the agent is told when it is started. */
export interface AgentSettings {
  cluster: KubeConfigOptions;
  /** Traefik's static configuration. */
  configFile: string | undefined;
  /** Unset: all. */
  namespaces: string[] | undefined;
  /** The Worker's PUBLISHER. */
  publisher: string;
  cloudflare: CloudflareSettings;
  sealKeyFile: string | undefined;
  feed: FeedSettings;
  operations: Listen;
  /** Undefined: this is the only agent, and leads always. The namespace is the agent's own unless set. */
  lease: { name: string; namespace: string | undefined } | undefined;
  identity: string;
  /** Undefined: as Traefik's static configuration says. */
  throttleMs: number | undefined;
  /** The share of routes or services that may go in one step, from 0 to 1. */
  maxLoss: number;
  allowLoss: boolean;
  /** The Worker's name, which hosts are attached to. */
  worker: string;
  manageHosts: boolean;
  writesStatuses: boolean;
  statusAddress: string | undefined;
  isDryRun: boolean;
  logLevel: LogLevel;
}

export interface CloudflareSettings {
  accountId: string;
  kvNamespaceId: string;
  apiToken: { text: string } | { file: string };
  /** Another address of Cloudflare's API. */
  apiUrl: string | undefined;
  /** The Worker's admin API. Without it the pointer is a KV key. */
  admin: { url: string; keyFile: string } | undefined;
}

interface FeedSettings {
  listen: Listen;
  tokenFile: string;
  /** Undefined: plain HTTP. */
  tls: { certFile: string; keyFile: string } | undefined;
}

interface Listen {
  host: string;
  port: number;
}

const logLevels = ["debug", "info", "warn", "error"] as const;
type LogLevel = (typeof logLevels)[number];

/** Settings that cannot be used; the message is for whoever starts the agent. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Flags by name, without dashes: `true` and `false` for those without a value. */
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/**
 * @param env where Cloudflare's own variables are looked for: CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN
 * @throws SettingsError
 */
export function readAgentSettings(
  flags: FlagValues,
  { env, hostName }: { env: Readonly<Record<string, string | undefined>>; hostName: string },
): AgentSettings {
  const text = textOf(flags);
  const isDryRun = flags["dry-run"] === true;
  return {
    cluster: withoutUndefined({
      kubeconfig: text("kubeconfig"),
      endpoint: text("endpoint"),
      tokenFile: text("token-file"),
      caFile: text("ca-file"),
    }),
    configFile: text("config"),
    namespaces: readList(text("namespaces")),
    publisher: text("publisher") ?? "default",
    cloudflare: readCloudflare(text, env),
    sealKeyFile: text("seal-key-file"),
    feed: readFeed(text, isDryRun),
    operations: readListen("operations", text("operations") ?? "0.0.0.0:9090"),
    lease:
      flags.lease === false ? undefined : { name: text("lease") ?? "sluice-agent", namespace: text("lease-namespace") },
    identity: text("identity") ?? hostName,
    throttleMs: readDuration("throttle", text("throttle")),
    maxLoss: readPercent("max-loss", text("max-loss") ?? "50"),
    allowLoss: flags["allow-loss"] === true,
    worker: text("worker") ?? "sluice",
    manageHosts: flags["manage-hosts"] === true,
    writesStatuses: flags.status !== false,
    statusAddress: text("status-address"),
    isDryRun,
    logLevel: readLevel(text("log-level") ?? "info"),
  };
}

const textOf =
  (flags: FlagValues) =>
  (name: string): string | undefined => {
    const value = flags[name];
    if (value === undefined) return undefined;
    if (typeof value === "boolean") throw new SettingsError(`there is no flag --no-${name}`);
    if (value === "") throw new SettingsError(`--${name} needs a value`);
    return value;
  };

type TextOf = ReturnType<typeof textOf>;

function readCloudflare(text: TextOf, env: Readonly<Record<string, string | undefined>>): CloudflareSettings {
  const accountId = text("account-id") ?? env.CLOUDFLARE_ACCOUNT_ID;
  const kvNamespaceId = text("kv-namespace-id");
  const tokenFile = text("api-token-file");
  const token = env.CLOUDFLARE_API_TOKEN;
  const adminUrl = text("admin-url");
  const adminKeyFile = text("admin-key-file");
  if (!accountId) throw new SettingsError("name Cloudflare's account: --account-id, or CLOUDFLARE_ACCOUNT_ID");
  if (kvNamespaceId === undefined) throw new SettingsError("name the KV namespace: --kv-namespace-id");
  if (tokenFile === undefined && !token) {
    throw new SettingsError("an API token is needed: --api-token-file, or CLOUDFLARE_API_TOKEN");
  }
  if ((adminUrl === undefined) !== (adminKeyFile === undefined)) {
    throw new SettingsError(
      "--admin-url and --admin-key-file belong together: the key signs what is asked of that URL",
    );
  }
  if (adminUrl !== undefined) checkUrl("admin-url", adminUrl);
  const apiUrl = text("cloudflare-api");
  if (apiUrl !== undefined) checkUrl("cloudflare-api", apiUrl);
  return {
    accountId,
    kvNamespaceId,
    apiToken: tokenFile === undefined ? { text: token ?? "" } : { file: tokenFile },
    apiUrl,
    admin: adminUrl === undefined || adminKeyFile === undefined ? undefined : { url: adminUrl, keyFile: adminKeyFile },
  };
}

function readFeed(text: TextOf, isDryRun: boolean): FeedSettings {
  const listen = readListen("feed", text("feed") ?? "0.0.0.0:9443");
  const tokenFile = text("feed-token-file");
  const certFile = text("feed-cert-file");
  const keyFile = text("feed-key-file");
  if (tokenFile === undefined && !isDryRun) {
    throw new SettingsError("relays prove themselves to the feed by a token: --feed-token-file");
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new SettingsError("--feed-cert-file and --feed-key-file belong together");
  }
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  if (tls === undefined && !isDryRun && !isLoopback(listen.host)) {
    throw new SettingsError(
      "the feed carries keys: give it --feed-cert-file and --feed-key-file, or let it listen on loopback (--feed 127.0.0.1:9443)",
    );
  }
  return { listen, tokenFile: tokenFile ?? "", tls };
}

const isLoopback = (host: string): boolean => /^127\.\d+\.\d+\.\d+$|^::1$|^localhost$/.test(host);

function readListen(flag: string, value: string): Listen {
  const address = parseAddress(value);
  if (address === undefined || address.protocol !== "tcp") {
    throw new SettingsError(`--${flag} ${value} is no address to listen on, such as 0.0.0.0:9090 or [::]:9090`);
  }
  return { host: address.host || "0.0.0.0", port: address.port };
}

function readDuration(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = parseGoDuration(value);
  if (ms === undefined || ms < 0) throw new SettingsError(`--${flag} ${value} is no duration, such as 2s or 500ms`);
  return ms;
}

function readPercent(flag: string, value: string): number {
  const percent = /^\d+(\.\d+)?%?$/.test(value) ? Number.parseFloat(value) : Number.NaN;
  if (!(percent <= 100)) throw new SettingsError(`--${flag} ${value} is no share: give percent, from 0 to 100`);
  return percent / 100;
}

function readLevel(value: string): LogLevel {
  const level = logLevels.find((known) => known === value);
  if (level === undefined) throw new SettingsError(`--log-level ${value} is none of ${logLevels.join(", ")}`);
  return level;
}

function readList(value: string | undefined): string[] | undefined {
  const names = value?.split(",").flatMap((name) => name.trim() || []);
  return names === undefined || names.length === 0 ? undefined : names;
}

function checkUrl(flag: string, value: string): void {
  const { protocol } = URL.canParse(value) ? new URL(value) : { protocol: "" };
  if (protocol !== "https:" && protocol !== "http:") throw new SettingsError(`--${flag} ${value} is no URL`);
}

function withoutUndefined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const defined = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as { [K in keyof T]?: NonNullable<T[K]> };
}
