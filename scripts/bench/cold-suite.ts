import { startChild } from "./child.ts";
import { measureCold } from "./cold.ts";
import { formatColumns, formatSpread } from "./format.ts";
import { spreadOf } from "./spread.ts";
import type { Suite } from "./suite.ts";

const MAX_EXTRA_MS = 10;

/** An isolate's first request, with few routes and with many. */
export const coldSuite: Suite = async ({ quick }) => {
  const origin = await startChild("./origin.ts");
  try {
    const results = await measureCold(quick ? 5 : 15, await origin.call<number>("port"));
    const [few, many] = results;
    const extra = spreadOf(many.milliseconds.map((ms, at) => ms - (few.milliseconds[at] ?? Number.NaN)));
    return {
      lines: formatColumns([
        ["an isolate's first request", "ms", "CPU of all of workerd, ms"],
        ...results.map(({ name, milliseconds, cpuMilliseconds }) => [
          name,
          formatSpread(spreadOf(milliseconds), 1),
          formatSpread(spreadOf(cpuMilliseconds), 1),
        ]),
      ]),
      figures: { "cold.extra_ms_10k": { value: extra.median, spread: extra, atMost: MAX_EXTRA_MS } },
    };
  } finally {
    origin.close();
  }
};
