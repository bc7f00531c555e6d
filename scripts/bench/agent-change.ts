import type { AgentCost } from "./agent-change-child.ts";
import { startChild } from "./child.ts";

/** Milliseconds: half of the changes take at most the median, 99 of 100 at most the other. */
interface Times {
  median: number;
  p99: number;
}

export interface AgentChange extends Omit<AgentCost, "changeMs" | "editMs"> {
  change: Times;
  edit: Times;
}

/**
 * What one change costs the agent before anything is sent: translated and planned, in clusters of several sizes.
 * Each is measured in a process of its own, so that none has the other's memory.
 */
export async function measureAgentChange(sizes: readonly number[] = [1_000, 10_000, 50_000]): Promise<AgentChange[]> {
  const measured: AgentChange[] = [];
  for (const services of sizes) {
    const child = await startChild("./agent-change-child.ts");
    try {
      const { changeMs, editMs, ...cost } = await child.call<AgentCost>("measure", services);
      measured.push({ ...cost, change: timesOf(changeMs), edit: timesOf(editMs) });
    } finally {
      child.close();
    }
  }
  return measured;
}

/** The lines of a table for people. */
export const agentChangeLines = (measured: readonly AgentChange[]): string[] => [
  "services  first s  Pod ms (p99)    route ms (p99)  KV writes  root KiB  objects MiB  made MiB  rss MiB",
  ...measured.map(({ services, firstSeconds, change, edit, writesPerChange, rootBytes, ...memory }) =>
    [
      String(services).padStart(8),
      firstSeconds.toFixed(2).padStart(7),
      `${change.median.toFixed(2)} (${change.p99.toFixed(2)})`.padStart(14),
      `${edit.median.toFixed(2)} (${edit.p99.toFixed(2)})`.padStart(15),
      writesPerChange.toFixed(2).padStart(9),
      (rootBytes / 1024).toFixed(1).padStart(8),
      memory.objectsMib.toFixed(1).padStart(11),
      memory.madeMib.toFixed(1).padStart(8),
      memory.rssMib.toFixed(0).padStart(7),
    ].join("  "),
  ),
];

/** The names by which the figures are kept from one run to the next. */
export function agentChangeFigures(measured: readonly AgentChange[]): Record<string, number> {
  const of10k = measured.find(({ services }) => services === 10_000);
  if (of10k === undefined) return {};
  return { "agent.change_ms_10k": of10k.change.median, "agent.kv_writes_per_change": of10k.writesPerChange };
}

function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99) };
}
