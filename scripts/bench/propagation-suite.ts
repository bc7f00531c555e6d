import { formatColumns } from "./format.ts";
import { measurePropagation } from "./propagation.ts";
import type { Suite } from "./suite.ts";

const MAX_THROTTLED_MS = 3_000;
const MAX_UNTHROTTLED_MS = 1_000;
const MAX_REMOVAL_MS = 250;

/** From a change in the cluster to what clients see of it. */
export const propagationSuite: Suite = async ({ quick }) => {
  const throttled = await measurePropagation({
    throttle: undefined,
    routes: quick ? 20 : 100,
    routeEveryMs: 300,
    removals: quick ? 5 : 20,
  });
  // Slower: with every change published on its own, Cloudflare's API takes about one a second.
  const unthrottled = await measurePropagation({
    throttle: "0s",
    routes: quick ? 10 : 40,
    routeEveryMs: 1_500,
    removals: 0,
  });
  const measured: [string, readonly number[]][] = [
    ["a new route, throttled as usual", throttled.routeMs],
    ["a new route, not throttled", unthrottled.routeMs],
    ["an endpoint's removal, at the gateway", throttled.removalMs],
  ];
  return {
    lines: formatColumns([
      ["from a change to what clients see", "changes", "median ms", "p99 ms", "longest ms"],
      ...measured.map(([name, times]) => [
        name,
        String(times.length),
        ...[0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(0)),
      ]),
    ]),
    figures: {
      "propagation.p99_ms": { value: quantile(throttled.routeMs, 0.99), atMost: MAX_THROTTLED_MS },
      "propagation.unthrottled_p99_ms": { value: quantile(unthrottled.routeMs, 0.99), atMost: MAX_UNTHROTTLED_MS },
      "propagation.removal_p99_ms": { value: quantile(throttled.removalMs, 0.99), atMost: MAX_REMOVAL_MS },
    },
  };
};

/** The smallest value that so great a share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
