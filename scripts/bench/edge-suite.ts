import { mkdir } from "node:fs/promises";
import { startChild } from "./child.ts";
import { formatColumns, formatSpread } from "./format.ts";
import { profileEdge } from "./profile.ts";
import type { Spread } from "./spread.ts";
import type { Figure, Suite } from "./suite.ts";
import { measureThroughput, type VariantResult } from "./throughput.ts";

/** Whole requests through the built Worker, against the barest passthrough in the same workerd. */
export const edgeSuite: Suite = async ({ quick, profileDir }) => {
  const origin = await startChild("./origin.ts");
  try {
    const originPort = await origin.call<number>("port");
    const size = quick ? { rounds: 8, requests: 600 } : { rounds: 40, requests: 1_000 };
    const results = await measureThroughput({ ...size, originPort, origin });
    const lines = formatColumns([
      ["requests through workerd", "CPU us/request", "of bare", "requests/s"],
      ...results.map(({ name, microseconds, ofBare, requestsPerSecond }) => [
        name,
        formatSpread(microseconds, 1),
        formatSpread(ofBare, 3),
        requestsPerSecond.toFixed(0),
      ]),
    ]);
    lines.push("", ...stepLines(results));
    if (profileDir !== undefined) {
      await mkdir(profileDir, { recursive: true });
      lines.push("", ...(await profileEdge(profileDir, originPort, origin)));
    }
    return { lines, figures: figuresOf(results) };
  } finally {
    origin.close();
  }
};

function figuresOf(results: readonly VariantResult[]): Record<string, Figure> {
  const figure = ({ median, ...middle }: Spread, atLeast: number): Figure => ({
    value: median,
    spread: { median, ...middle },
    atLeast,
  });
  return {
    "edge.vs_bare_10k": figure(find(results, "10,000 routes").ofBare, 0.75),
    "edge.sticky_vs_bare_10k": figure(find(results, "sticky").ofBare, 0.6),
    "edge.flat_10k_vs_10": figure(find(results, "10,000 routes").ofFew, 0.95),
    "edge.five_middlewares_vs_bare": figure(find(results, "five middlewares").ofBare, 0.5),
    "edge.mirror_vs_bare": figure(find(results, "mirror").ofBare, 0.5),
  };
}

/** The way from the bare Worker to the whole one, as what each step adds to a request. */
function stepLines(results: readonly VariantResult[]): string[] {
  const of = (name: string): number => find(results, name).microseconds.median;
  const whole = of("10,000 routes");
  const parts: [string, number][] = [
    ["the runtime, passing a request on", of("bare")],
    ["sending it to another address", of("bare, to the gateway") - of("bare")],
    ["setting a header of it", of("bare, with a hop") - of("bare, to the gateway")],
    ["Sluice: reading, matching, deciding, with 10 routes", of("10 routes") - of("bare, with a hop")],
    ["more routes: memory, tokens", whole - of("10 routes")],
  ];
  return formatColumns([
    ["where a request's CPU goes, 10,000 routes", "us", "share"],
    ...parts.map(([name, us]) => [name, us.toFixed(1), `${((100 * us) / whole).toFixed(0)} %`]),
  ]);
}

function find(results: readonly VariantResult[], name: string): VariantResult {
  const found = results.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}
