import { agentChangeFigures, agentChangeLines, measureAgentChange } from "./agent-change.ts";
import type { Suite } from "./suite.ts";

/** What one Pod's change costs the agent. */
export const agentSuite: Suite = async ({ quick }) => {
  const measured = await measureAgentChange(quick ? [1_000, 10_000] : undefined);
  const figures = Object.entries(agentChangeFigures(measured)).map(([name, value]) => [name, { value }]);
  return { lines: agentChangeLines(measured), figures: Object.fromEntries(figures) };
};
