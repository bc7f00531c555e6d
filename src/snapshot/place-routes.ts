import { ruleKeys } from "../rule/rule-keys.ts";
import { chooseBucketCount } from "./bucket-count.ts";
import { fnv1a32 } from "./fnv1a32.ts";
import { LeafDraft, packRoutes } from "./leaf-draft.ts";
import type { RouteUnit } from "./route-units.ts";
import { type PathPlacement, splitHost } from "./split-host.ts";

/** A host key with more bytes of routes than this is split by path, one with fewer than the second no longer. */
const SPLIT_ABOVE_BYTES = 96 * 1024;
const UNSPLIT_BELOW_BYTES = 48 * 1024;

const ROUTE_BUCKETS = { leafBytes: 32 * 1024, minimum: 16, rootBytes: 80 * 1024 };

/** The routes of a table by bucket, as texts of leaves. */
export interface PlacedRoutes {
  buckets: string[][];
  split: Map<string, { from: string[]; leaves: string[][] }>;
  wildcardLabels: number[];
}

interface Host {
  readonly key: string;
  readonly hash: number;
  readonly withoutPath: Set<RouteUnit>;
  readonly withPath: PathPlacement[];
}

/**
 * Shards routers by the hosts that their rules require (`ruleKeys`), and the routes of one host again by path where
 * there are very many.
 *
 * @param current the root before this one, which the number of buckets and the split hosts follow while they fit
 */
export function placeRoutes(
  units: readonly RouteUnit[],
  current: { routes: readonly string[]; split: Readonly<Record<string, unknown>> } | undefined,
): PlacedRoutes {
  const hosts = groupByHost(units);
  const split: PlacedRoutes["split"] = new Map();
  const sized = hosts.map((host) => {
    const bytes = bytesOf([...host.withoutPath, ...host.withPath.map(({ unit }) => unit)]);
    const wasSplit = current !== undefined && Object.hasOwn(current.split, host.key);
    if (bytes <= (wasSplit ? UNSPLIT_BELOW_BYTES : SPLIT_ABOVE_BYTES)) return { ...host, bytes };
    const ranges = splitHost(host.withPath, bytes);
    if (ranges.length < 2) return { ...host, bytes };
    split.set(host.key, {
      from: ranges.map((range) => range.from),
      leaves: ranges.map((range) => packRoutes(range.units)),
    });
    return { ...host, withPath: [], bytes: bytesOf(host.withoutPath) };
  });

  const count = chooseBucketCount(sized, ROUTE_BUCKETS, current?.routes.length);
  const buckets: Set<RouteUnit>[] = Array.from({ length: count }, () => new Set());
  for (const { hash, withoutPath, withPath } of sized) {
    const bucket = buckets[hash & (count - 1)];
    for (const unit of withoutPath) bucket?.add(unit);
    for (const { unit } of withPath) bucket?.add(unit);
  }
  return { buckets: buckets.map(packRoutes), split, wildcardLabels: countWildcardLabels(hosts) };
}

function groupByHost(units: readonly RouteUnit[]): Host[] {
  const hosts = new Map<string, Host>();
  for (const unit of units) {
    for (const { host: key, path } of ruleKeys(unit.router.rule)) {
      let host = hosts.get(key);
      if (host === undefined) {
        host = { key, hash: fnv1a32(key), withoutPath: new Set(), withPath: [] };
        hosts.set(key, host);
      }
      if (path === undefined) host.withoutPath.add(unit);
      else host.withPath.push({ unit, path });
    }
  }
  return [...hosts.values()];
}

function countWildcardLabels(hosts: readonly Host[]): number[] {
  const counts = new Set<number>();
  for (const { key } of hosts) if (key.startsWith("*.")) counts.add(key.split(".").length - 1);
  return [...counts].sort((a, b) => a - b);
}

function bytesOf(units: Iterable<RouteUnit>): number {
  const draft = new LeafDraft();
  for (const unit of units) draft.add(unit);
  return draft.isEmpty ? 0 : draft.bytes;
}
