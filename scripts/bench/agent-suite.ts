import { agentChangeFigures, agentChangeLines, measureAgentChange } from "./agent-change.ts";
import { type AgentMemory, measureAgentMemory } from "./agent-memory.ts";
import { formatColumns } from "./format.ts";
import type { Figure, Suite } from "./suite.ts";

/** What one Pod's change costs the agent, and what its program takes as a whole. */
export const agentSuite: Suite = async ({ quick }) => {
  const measured = await measureAgentChange(quick ? [1_000, 10_000] : undefined);
  const figures = Object.entries(agentChangeFigures(measured)).map(([name, value]) => [name, { value }]);
  const memory = await measureAgentMemory(10_000);
  return {
    lines: [...agentChangeLines(measured), "", ...memoryLines(memory)],
    figures: { ...Object.fromEntries(figures), ...memoryFigures(memory) },
  };
};

const memoryLines = (memory: AgentMemory): string[] =>
  formatColumns([
    ["the agent's program, 10,000 Services", "RSS MiB", "CPU"],
    ["the first publish", memory.firstRssMib.toFixed(0), `${memory.firstCpuSeconds.toFixed(1)} s`],
    ["after some hundred changes", memory.rssMib.toFixed(0), `${memory.cpuMsPerChange.toFixed(1)} ms a change`],
    ["at most", memory.peakRssMib.toFixed(0), ""],
  ]);

const memoryFigures = ({ rssMib, peakRssMib, ...cost }: AgentMemory): Record<string, Figure> => ({
  "agent.rss_mib_10k": { value: rssMib, atMost: 380 },
  "agent.peak_rss_mib_10k": { value: peakRssMib, atMost: 380 },
  "agent.first_publish_s_10k": { value: cost.firstPublishSeconds },
  "agent.cpu_ms_per_change_10k": { value: cost.cpuMsPerChange },
});
