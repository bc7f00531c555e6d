import type { Rule } from "../table/rule.ts";
import { withoutTrailingDot } from "./canonical-host.ts";
import { withoutTrailingSlashes } from "./routing-path.ts";

/** A necessary condition of a rule, by which its router is sharded and indexed. */
export interface RuleKey {
  /** `a.example.com`; `*.example.com` for all names below it, at any depth; or empty for every host. */
  host: string;
  /** The routing path is equal to the value, or begins with it; undefined for every path. */
  path: { kind: "exact" | "prefix"; value: string } | undefined;
}

/** More keys than this say too little to be worth their places in the index. */
export const MAX_RULE_KEYS = 64;

const EVERYTHING: RuleKey = { host: "", path: undefined };

/**
 * The keys of a rule: every request that it matches is covered by at least one of them. A rule that contradicts
 * itself has none. No key covers another.
 */
export function ruleKeys(rule: Rule): RuleKey[] {
  switch (rule.type) {
    case "and":
      return rule.rules.map(ruleKeys).reduce(intersect, [EVERYTHING]);
    case "or":
      return bounded(rule.rules.flatMap(ruleKeys));
    case "host":
      return [{ host: withoutTrailingDot(rule.host), path: undefined }];
    case "hostWildcard":
      return [{ host: `*.${withoutTrailingDot(rule.suffix)}`, path: undefined }];
    case "path":
      return [{ host: "", path: { kind: "exact", value: rule.path } }];
    case "pathPrefix": {
      const value = rule.segments ? withoutTrailingSlashes(rule.path) : rule.path;
      return value === "" || value === "/" ? [EVERYTHING] : [{ host: "", path: { kind: "prefix", value } }];
    }
    default:
      return [EVERYTHING];
  }
}

/** The keys of `a && b`: of each pair the more specific. Too many pairs: the side that says more about hosts. */
function intersect(a: readonly RuleKey[], b: readonly RuleKey[]): RuleKey[] {
  const pairs = a.flatMap((left) => b.flatMap((right) => meet(left, right) ?? []));
  const distinct = withoutCovered(pairs);
  if (distinct.length <= MAX_RULE_KEYS) return distinct;
  return [...(namesHosts(b) && !namesHosts(a) ? b : a)];
}

const namesHosts = (keys: readonly RuleKey[]): boolean => keys.every(({ host }) => host !== "");

/** Too many keys lose their paths first, and their hosts last. */
function bounded(keys: readonly RuleKey[]): RuleKey[] {
  const distinct = withoutCovered(keys);
  if (distinct.length <= MAX_RULE_KEYS) return distinct;
  const hosts = withoutCovered(keys.map(({ host }) => ({ host, path: undefined })));
  return hosts.length <= MAX_RULE_KEYS ? hosts : [EVERYTHING];
}

function meet(a: RuleKey, b: RuleKey): RuleKey | undefined {
  const host = coversHost(a.host, b.host) ? b.host : coversHost(b.host, a.host) ? a.host : undefined;
  if (host === undefined) return undefined;
  if (coversPath(a.path, b.path)) return { host, path: b.path };
  return coversPath(b.path, a.path) ? { host, path: a.path } : undefined;
}

/** Stops with too many keys where they cannot become few any more: comparing each with each is quadratic. */
function withoutCovered(keys: readonly RuleKey[]): RuleKey[] {
  const kept: RuleKey[] = [];
  for (const key of keys) {
    if (kept.length > 4 * MAX_RULE_KEYS) return kept;
    if (kept.some((other) => covers(other, key))) continue;
    const still = kept.filter((other) => !covers(key, other));
    kept.length = 0;
    kept.push(...still, key);
  }
  return kept;
}

const covers = (a: RuleKey, b: RuleKey): boolean => coversHost(a.host, b.host) && coversPath(a.path, b.path);

function coversHost(a: string, b: string): boolean {
  if (a === "" || a === b) return true;
  return a.startsWith("*.") && b.endsWith(a.slice(1)) && b.length > a.length - 1;
}

function coversPath(a: RuleKey["path"], b: RuleKey["path"]): boolean {
  if (a === undefined) return true;
  if (b === undefined) return false;
  return a.kind === "prefix" ? b.value.startsWith(a.value) : b.kind === "exact" && b.value === a.value;
}
