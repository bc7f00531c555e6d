import { compileRule } from "../rule/compile-rule.ts";
import { type RuleKey, ruleKeys } from "../rule/rule-keys.ts";
import { takesOneLabel, withoutImplied } from "../rule/without-implied.ts";
import type { Router } from "../table/router.ts";
import type { Rule } from "../table/rule.ts";
import { buildPathIndex, type Candidate, type PathEntry, type PathIndex } from "./path-index.ts";

/** The routers of one leaf, apart by entry point and by TLS. */
export interface RouteIndex<T> {
  readonly plain: ReadonlyMap<string, ListenerIndex<T>>;
  readonly tls: ReadonlyMap<string, ListenerIndex<T>>;
}

/** The routers of one listener by the host that they need. */
export interface ListenerIndex<T> {
  readonly hosts: ReadonlyMap<string, PathIndex<T>>;
  /** `*.example.com` under `example.com`, where it takes one label. */
  readonly oneBelow: ReadonlyMap<string, PathIndex<T>>;
  /** `*.example.com` under `example.com`, where it takes any number of them, or the rule says. */
  readonly below: ReadonlyMap<string, PathIndex<T>>;
  /** The longest of the suffixes of `below`, in UTF-16 units: longer ends of a host need no look. */
  readonly longestSuffix: number;
  /** The shortest of them: shorter ends need none either. */
  readonly shortestSuffix: number;
  readonly anyHost: PathIndex<T> | undefined;
}

export interface IndexedRouter<T> {
  readonly router: Router;
  /** What `matchRoute` returns for it. */
  readonly value: T;
}

/**
 * Compiles the rules of routers and indexes them by host and path. Throws `RegexpError` for a regular expression
 * that is not RE2's, which parsing has refused before.
 */
export function buildRouteIndex<T>(routers: readonly IndexedRouter<T>[]): RouteIndex<T> {
  const entries = { plain: new Map<string, HostEntries<T>>(), tls: new Map<string, HostEntries<T>>() };
  for (const { router, value } of routers) {
    const { priority, tieBreaker } = router;
    const found = ruleKeys(router.rule).map((key) => {
      const matches = compileRule(withoutImplied(router.rule, key));
      const candidate: Candidate<T> = { priority, tieBreaker, matches, value };
      return { place: placeOf(router.rule, key), path: key.path, candidate };
    });
    const listeners = router.tls ? entries.tls : entries.plain;
    for (const entryPoint of new Set(router.entryPoints)) {
      const byHost = emplace(listeners, entryPoint, () => ({
        hosts: new Map(),
        oneBelow: new Map(),
        below: new Map(),
      }));
      for (const { place, path, candidate } of found) {
        emplace(byHost[place.map], place.name, () => []).push({ path, candidate });
      }
    }
  }
  return { plain: mapValues(entries.plain, buildListenerIndex), tls: mapValues(entries.tls, buildListenerIndex) };
}

type HostEntries<T> = Record<"hosts" | "oneBelow" | "below", Map<string, PathEntry<T>[]>>;

function placeOf(rule: Rule, key: RuleKey): { map: keyof HostEntries<unknown>; name: string } {
  if (!key.host.startsWith("*.")) return { map: "hosts", name: key.host };
  return { map: takesOneLabel(rule, key) ? "oneBelow" : "below", name: key.host.slice(2) };
}

function buildListenerIndex<T>(byHost: HostEntries<T>): ListenerIndex<T> {
  const hosts = mapValues(byHost.hosts, buildPathIndex);
  const anyHost = hosts.get("");
  hosts.delete("");
  const oneBelow = mapValues(byHost.oneBelow, buildPathIndex);
  const below = mapValues(byHost.below, buildPathIndex);
  const lengths = [...below.keys()].map(({ length }) => length);
  const longestSuffix = lengths.reduce((a, b) => Math.max(a, b), 0);
  const shortestSuffix = lengths.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return { hosts, oneBelow, below, longestSuffix, shortestSuffix, anyHost };
}

function emplace<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const created = create();
  map.set(key, created);
  return created;
}

function mapValues<K, V, W>(map: ReadonlyMap<K, V>, change: (value: V) => W): Map<K, W> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value)]));
}
