import { withoutTrailingDot } from "../rule/canonical-host.ts";
import type { RequestFacts } from "../rule/request-facts.ts";
import { type Candidate, findInPathIndex } from "./path-index.ts";
import type { ListenerIndex, RouteIndex } from "./route-index.ts";

/** Where a request came in. Routers of other entry points, and those with the other `tls`, are not seen. */
export interface ListenerKey {
  entryPoint: string;
  tls: boolean;
}

/**
 * The value of the router that serves a request, or undefined when none matches: over all `indexes`, the highest
 * priority whose whole rule matches, then the smallest tie breaker. A router may stand in several of them.
 */
export function matchRoute<T>(
  indexes: readonly RouteIndex<T>[],
  listener: ListenerKey,
  facts: RequestFacts,
): T | undefined {
  const host = withoutTrailingDot(facts.host);
  let winner: Candidate<T> | undefined;
  for (const index of indexes) {
    const listeners = listener.tls ? index.tls : index.plain;
    const found = listeners.get(listener.entryPoint);
    if (found !== undefined) winner = findInListener(found, host, facts, winner);
  }
  return winner?.value;
}

function findInListener<T>(
  index: ListenerIndex<T>,
  host: string,
  facts: RequestFacts,
  best: Candidate<T> | undefined,
): Candidate<T> | undefined {
  const exact = index.hosts.get(host);
  let winner = exact === undefined ? best : findInPathIndex(exact, facts, best);
  if (index.oneBelow.size > 0) winner = findOneBelow(index, host, facts, winner);
  if (index.below.size > 0) winner = findBelow(index, host, facts, winner);
  return index.anyHost === undefined ? winner : findInPathIndex(index.anyHost, facts, winner);
}

/** Looks behind the first label. A name that begins with a dot has none. */
function findOneBelow<T>(
  { oneBelow }: ListenerIndex<T>,
  host: string,
  facts: RequestFacts,
  best: Candidate<T> | undefined,
): Candidate<T> | undefined {
  const dot = host.indexOf(".");
  const below = dot > 0 ? oneBelow.get(host.slice(dot + 1)) : undefined;
  return below === undefined ? best : findInPathIndex(below, facts, best);
}

/** Looks behind each dot of the host, from the longest suffix that occurs to the shortest. */
function findBelow<T>(
  { below, longestSuffix, shortestSuffix }: ListenerIndex<T>,
  host: string,
  facts: RequestFacts,
  best: Candidate<T> | undefined,
): Candidate<T> | undefined {
  let winner = best;
  let dot = host.indexOf(".", Math.max(1, host.length - longestSuffix - 1));
  while (dot !== -1 && host.length - dot > shortestSuffix) {
    const found = below.get(host.slice(dot + 1));
    if (found !== undefined) winner = findInPathIndex(found, facts, winner);
    dot = host.indexOf(".", dot + 1);
  }
  return winner;
}
