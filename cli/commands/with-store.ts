import { hostname } from "node:os";
import type { ArgsDef } from "citty";
import { type AgentSettings, readAgentSettings, SettingsError } from "../../sync-agent/agent/agent-settings.ts";
import { type OpenedStore, openStore } from "../../sync-agent/agent/open-publishing.ts";
import { ConfigError } from "../../sync-agent/config/parse-config.ts";
import { PublishError } from "../../sync-agent/publish/publish-error.ts";
import { agentFlags } from "./agent-flags.ts";
import { checkArguments, UsageError } from "./outcome.ts";
import { camelCase, readFlags } from "./read-flags.ts";

/** The flags that say where tables are kept: the agent's own. */
export const storeFlags = {
  publisher: agentFlags.publisher,
  "account-id": agentFlags["account-id"],
  "kv-namespace-id": agentFlags["kv-namespace-id"],
  "api-token-file": agentFlags["api-token-file"],
  "cloudflare-api": agentFlags["cloudflare-api"],
  "admin-url": agentFlags["admin-url"],
  "admin-key-file": agentFlags["admin-key-file"],
} as const;

/** Of commands that publish manifests, or tell what publishing them would do. */
export const sealFlags = { "seal-key-file": agentFlags["seal-key-file"] } as const;

/**
 * Runs a command on the store that its flags name, and ends the process: with what `run` returns, or with 2 and one line
 * when the store cannot be used as it was named.
 *
 * @param own the command's flags and arguments besides those of the store; what is neither is refused
 */
export async function withStore(
  given: Readonly<Record<string, unknown>>,
  own: ArgsDef,
  run: (opened: OpenedStore, settings: AgentSettings) => Promise<number>,
): Promise<void> {
  const closing = new AbortController();
  try {
    checkArguments(given, { ...own, ...storeFlags, ...sealFlags });
    const ownNames = Object.keys(own).flatMap((name) => [name, camelCase(name)]);
    const named = Object.fromEntries(
      Object.entries(given).filter(([name]) => name !== "_" && !ownNames.includes(name)),
    );
    const flags = readFlags(named, { ...storeFlags, ...sealFlags }, process.env);
    // Only what is published to matters here, as in a dry run of the agent.
    const settings = readAgentSettings({ ...flags, "dry-run": true }, { env: process.env, hostName: hostname() });
    process.exitCode = await run(await openStore(settings, closing.signal), settings);
  } catch (error) {
    const isUsers =
      [UsageError, SettingsError, PublishError, ConfigError].some((kind) => error instanceof kind) ||
      isSystemError(error);
    if (!isUsers) throw error;
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  } finally {
    closing.abort();
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && "syscall" in error;
