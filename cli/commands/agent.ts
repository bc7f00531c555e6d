import { hostname } from "node:os";
import { defineCommand } from "citty";
import { readAgentSettings } from "../../sync-agent/agent/agent-settings.ts";
import { openPublishing } from "../../sync-agent/agent/open-publishing.ts";
import { runAgent } from "../../sync-agent/agent/run-agent.ts";
import { agentFlags } from "./agent-flags.ts";
import { readFlags } from "./read-flags.ts";

export const agent = defineCommand({
  meta: { name: "agent", description: "Follow a cluster, publish its routes, and feed its relays" },
  args: agentFlags,
  async run({ args: given }) {
    try {
      const flags = readFlags(given, agentFlags, process.env);
      process.exitCode = await runAgent(
        readAgentSettings(flags, { env: process.env, hostName: hostname() }),
        openPublishing,
      );
    } catch (error) {
      console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    }
  },
});
