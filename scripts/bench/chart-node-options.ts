import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const inChart = (path: string): string => fileURLToPath(new URL(`../../deploy/chart/${path}`, import.meta.url));

/** NODE_OPTIONS of the chart's agent, as helm makes them of the chart's own values. */
export async function chartNodeOptions(): Promise<string> {
  const template = await readFile(inChart("templates/agent/deployment.yaml"), "utf8");
  const values = parse(await readFile(inChart("values.yaml"), "utf8")) as {
    agent: { resources: { limits: { memory: string } } };
  };
  const [, options] = /name: NODE_OPTIONS\n\s+value: ([^{\n]+)\{\{ with include "sluice.heapMib"/.exec(template) ?? [];
  if (options === undefined) throw new Error("the chart says no NODE_OPTIONS for the agent");
  const limitMib = Number.parseInt(values.agent.resources.limits.memory, 10);
  return `${options} --max-old-space-size=${(limitMib * 3) / 4}`;
}
