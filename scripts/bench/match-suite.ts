import { formatColumns, formatSpread } from "./format.ts";
import { type MatchResult, measureMatch } from "./match.ts";
import type { Spread } from "./spread.ts";
import type { BenchReport, Figure, Suite } from "./suite.ts";

const MAX_NS = 1_000;

/** What finding a router costs in a table of 10,000. */
export const matchSuite: Suite = async ({ quick }) => reportOf(measureMatch(quick ? 3 : 9));

function reportOf(measured: readonly MatchResult[]): BenchReport {
  const of = (isOneHost: boolean): Figure => {
    const spreads = measured.filter((one) => one.isOneHost === isOneHost).map(({ match }) => match);
    const worst = spreads.reduce((a: Spread, b) => (b.median > a.median ? b : a));
    return { value: worst.median, spread: worst, atMost: MAX_NS };
  };
  return {
    lines: formatColumns([
      ["a match among 10,000 routes", "ns", "with its facts, ns"],
      ...measured.map(({ name, match, withFacts }) => [name, formatSpread(match, 0), formatSpread(withFacts, 0)]),
    ]),
    figures: { "match.ns_10k_hosts": of(false), "match.ns_10k_one_host": of(true) },
  };
}
