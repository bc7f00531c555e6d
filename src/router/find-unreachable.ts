import { type RuleKey, ruleKeys } from "../rule/rule-keys.ts";
import type { Router } from "../table/router.ts";
import type { Rule } from "../table/rule.ts";
import { compareRouters } from "./compare-routers.ts";
import { type Alternatives, alternativesOf, impliesRule } from "./implies-rule.ts";

/** A router that no request can reach. */
export interface Unreachable {
  router: Router;
  /**
   * The routers that come before it and take all of its requests: one for each of its entry points, each once. Empty
   * for a rule that contradicts itself.
   */
  shadowedBy: readonly Router[];
}

/** Routers that come before another and that might cover it, tested at most; more are passed over. */
const MAX_TESTED = 200;

/**
 * Finds routers that no request can reach: their rule contradicts itself, or on each of their entry points another
 * router comes before them whose rule takes every request that theirs takes. What is found is certain, but not all is
 * found: two routers that only together cover a third, or regular expressions that do, are not.
 */
export function findUnreachable(routers: readonly Router[]): Unreachable[] {
  const inOrder = routers.toSorted(compareRouters);
  const listeners = new Map<string, Covers>();
  const found: Unreachable[] = [];
  for (const router of inOrder) {
    const keys = ruleKeys(router.rule);
    const alternatives = alternativesOf(router.rule);
    const [key] = keys;
    if (key === undefined || alternatives?.length === 0) {
      found.push({ router, shadowedBy: [] });
      continue;
    }
    const covers = router.entryPoints.map((entryPoint) => coversOf(listeners, entryPoint, router.tls));
    const shadowedBy = findCovers(router, key, alternatives, covers);
    if (shadowedBy !== undefined) found.push({ router, shadowedBy });
    // Whatever an unreachable router covers, the one above it covers too.
    else for (const cover of covers) cover.add(router, keys);
  }
  return found;
}

function coversOf(listeners: Map<string, Covers>, entryPoint: string, tls: boolean): Covers {
  const name = `${tls} ${entryPoint}`;
  const known = listeners.get(name) ?? new Covers();
  listeners.set(name, known);
  return known;
}

function findCovers(
  router: Router,
  key: RuleKey,
  alternatives: Alternatives | undefined,
  listeners: readonly Covers[],
): Router[] | undefined {
  const found = new Set<Router>();
  for (const [index, listener] of listeners.entries()) {
    const entryPoint = router.entryPoints[index];
    const known = [...found].find(({ entryPoints }) => entryPoint !== undefined && entryPoints.includes(entryPoint));
    const cover = known ?? listener.find(router.rule, key, alternatives);
    if (cover === undefined) return undefined;
    found.add(cover);
  }
  return found.size === 0 ? undefined : [...found];
}

/** The routers of one listener that came before, by what a router that they cover must have. */
class Covers {
  readonly #byKey = new Map<string, Router[]>();
  readonly #byRule = new Map<string, Router>();
  /** Lengths of the path prefixes of each host, so that a path is looked up by these alone. */
  readonly #lengths = new Map<string, Set<number>>();

  add(router: Router, keys: readonly RuleKey[]): void {
    this.#byRule.set(JSON.stringify(router.rule), router);
    for (const { host, path } of keys) {
      const name = nameOf(host, path);
      const list = this.#byKey.get(name);
      if (list === undefined) this.#byKey.set(name, [router]);
      else list.push(router);
      if (path?.kind !== "prefix") continue;
      const lengths = this.#lengths.get(host) ?? new Set();
      this.#lengths.set(host, lengths.add(path.value.length));
    }
  }

  find(rule: Rule, key: RuleKey, alternatives: Alternatives | undefined): Router | undefined {
    const same = this.#byRule.get(JSON.stringify(rule));
    if (same !== undefined || alternatives === undefined) return same;
    let left = MAX_TESTED;
    for (const candidate of this.#candidates(key)) {
      if (impliesRule(alternatives, candidate.rule)) return candidate;
      left -= 1;
      if (left === 0) return undefined;
    }
    return undefined;
  }

  *#candidates({ host, path }: RuleKey): Iterable<Router> {
    for (const wider of widerHosts(host)) {
      yield* this.#byKey.get(nameOf(wider, undefined)) ?? [];
      if (path === undefined) continue;
      for (const length of this.#lengths.get(wider) ?? []) {
        if (length > path.value.length) continue;
        yield* this.#byKey.get(nameOf(wider, { kind: "prefix", value: path.value.slice(0, length) })) ?? [];
      }
      if (path.kind === "exact") yield* this.#byKey.get(nameOf(wider, path)) ?? [];
    }
  }
}

const nameOf = (host: string, path: RuleKey["path"]): string =>
  path === undefined ? host : `${host} ${path.kind} ${path.value}`;

/** The host keys that cover a host key, itself first. */
function widerHosts(host: string): string[] {
  const hosts = host === "" ? [] : [host];
  const name = host.startsWith("*.") ? host.slice(2) : host;
  for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
    hosts.push(`*.${name.slice(dot + 1)}`);
  }
  return [...hosts, ""];
}
