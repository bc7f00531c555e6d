import { ruleKeys } from "../rule/rule-keys.ts";
import { type Bucket, packBucket } from "./bucket.ts";
import { chooseBucketCount } from "./bucket-count.ts";
import { BucketFill } from "./bucket-fill.ts";
import { packRoutes } from "./leaf-draft.ts";
import { PlacedHost, type Placement, type SplitHost } from "./placed-host.ts";
import type { RouteUnit } from "./route-unit.ts";

const ROUTE_BUCKETS = { leafBytes: 12 * 1024, minimum: 16, rootBytes: 80 * 1024 };

/**
 * Shards routers by the hosts that their rules require (`ruleKeys`), and the routes of one host again by path where
 * there are very many. What changes costs the buckets that it touches.
 */
export class PlacedRoutes {
  readonly #hash: (text: string) => string;
  readonly #hosts = new Map<string, PlacedHost>();
  readonly #fill = new BucketFill(() => this.#hosts.values());
  readonly #wildcards = new Set<string>();
  /** Hosts that are to be placed again. */
  readonly #open = new Set<PlacedHost>();
  #splitBefore: ReadonlySet<string> = new Set();
  readonly #split = new Map<string, SplitHost>();
  #members: Set<PlacedHost>[] = [];
  #buckets: (Bucket | undefined)[] = [];

  constructor(hash: (text: string) => string) {
    this.#hash = hash;
  }

  /** The hosts that are split into ranges by path, in order. */
  get split(): [host: string, SplitHost][] {
    return [...this.#split].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** How many labels the suffixes of wildcards have, each number once, in order. */
  get wildcardLabels(): number[] {
    const counts = new Set<number>();
    for (const key of this.#wildcards) counts.add(key.split(".").length - 1);
    return [...counts].sort((a, b) => a - b);
  }

  exchange(gone: readonly RouteUnit[], come: readonly RouteUnit[]): void {
    const leaving = byHost(gone);
    const entering = byHost(come);
    for (const key of new Set([...leaving.keys(), ...entering.keys()])) {
      const host = this.#host(key);
      host.exchange(new Set(leaving.get(key)?.map(({ unit }) => unit)), entering.get(key) ?? []);
      this.#open.add(host);
    }
  }

  /** @param current the root before this one, which the number of buckets and the split hosts follow while they fit */
  place(
    current: { routes: readonly string[]; split: Readonly<Record<string, unknown>> } | undefined,
  ): readonly Bucket[] {
    this.#placeHosts(new Set(Object.keys(current?.split ?? {})));
    const count = chooseBucketCount(this.#fill, ROUTE_BUCKETS, current?.routes.length);
    if (count !== this.#members.length) this.#shard(count);
    return this.#members.map((members, index) => {
      const bucket = this.#buckets[index] ?? packBucket(() => packRoutes(unitsOf(members)), this.#hash);
      this.#buckets[index] = bucket;
      return bucket;
    });
  }

  #host(key: string): PlacedHost {
    let host = this.#hosts.get(key);
    if (host === undefined) {
      host = new PlacedHost(key);
      this.#hosts.set(key, host);
      if (key.startsWith("*.")) this.#wildcards.add(key);
    }
    return host;
  }

  #placeHosts(splitBefore: ReadonlySet<string>): void {
    for (const key of splitBefore.symmetricDifference(this.#splitBefore)) {
      const host = this.#hosts.get(key);
      if (host !== undefined) this.#open.add(host);
    }
    this.#splitBefore = splitBefore;
    for (const host of this.#open) {
      const bytes = host.bytes;
      host.place(splitBefore.has(host.key), this.#hash);
      this.#fill.change(host.hash, host.bytes - bytes);
      if (host.isEmpty) {
        this.#hosts.delete(host.key);
        this.#wildcards.delete(host.key);
      }
      if (host.split === undefined) this.#split.delete(host.key);
      else this.#split.set(host.key, host.split);
      if (this.#members.length === 0) continue;
      const index = host.hash & (this.#members.length - 1);
      this.#buckets[index] = undefined;
      if (host.isEmpty) this.#members[index]?.delete(host);
      else this.#members[index]?.add(host);
    }
    this.#open.clear();
  }

  #shard(count: number): void {
    this.#members = Array.from({ length: count }, () => new Set());
    this.#buckets = [];
    for (const host of this.#hosts.values()) this.#members[host.hash & (count - 1)]?.add(host);
  }
}

function byHost(units: readonly RouteUnit[]): Map<string, Placement[]> {
  const hosts = new Map<string, Placement[]>();
  for (const unit of units) {
    for (const { host, path } of ruleKeys(unit.router.rule)) {
      const placements = hosts.get(host);
      if (placements === undefined) hosts.set(host, [{ unit, path }]);
      else placements.push({ unit, path });
    }
  }
  return hosts;
}

function unitsOf(hosts: Iterable<PlacedHost>): Set<RouteUnit> {
  const units = new Set<RouteUnit>();
  for (const host of hosts) for (const unit of host.units) units.add(unit);
  return units;
}
