import type { Rule } from "../table/rule.ts";
import { canonicalJson, utf8Length } from "./canonical-json.ts";

/** What stands for a rule that is too large as a whole. */
export interface SplitRule {
  /** Whatever the whole matches, one of them does. */
  rules: readonly Rule[];
  /** Whether they match nothing else. */
  isExact: boolean;
}

/** Few enough that each rule has its own keys (`MAX_RULE_KEYS`), and that it is copied into few leaves. */
const MOST_TOGETHER = 8;

const JOINED_BYTES = '{"rules":[],"type":"and"}'.length;

/**
 * Splits a rule at its alternatives into rules of `maxBytes` each, as canonical JSON. What cannot be split is left out
 * where other conditions stand beside it.
 *
 * @returns undefined where nothing is left that bounds it
 */
export function splitRule(rule: Rule, maxBytes: number): SplitRule | undefined {
  if (bytesOf(rule) <= maxBytes) return { rules: [rule], isExact: true };
  switch (rule.type) {
    case "or":
      return splitAlternatives(rule.rules, maxBytes);
    case "and":
      return splitConditions(rule.rules, maxBytes);
    default:
      return undefined;
  }
}

/** Whether whatever a rule matches is for a host that it names. */
export function namesHosts(rule: Rule): boolean {
  switch (rule.type) {
    case "host":
    case "hostWildcard":
      return true;
    case "and":
      return rule.rules.some(namesHosts);
    case "or":
      return rule.rules.every(namesHosts);
    default:
      return false;
  }
}

function splitAlternatives(alternatives: readonly Rule[], maxBytes: number): SplitRule | undefined {
  const rules: Rule[] = [];
  let isExact = true;
  let together: Rule[] = [];
  let bytes = JOINED_BYTES;
  const close = (): void => {
    const [first, ...others] = together;
    if (first !== undefined) rules.push(others.length === 0 ? first : { type: "or", rules: together });
    together = [];
    bytes = JOINED_BYTES;
  };
  for (const alternative of alternatives) {
    const split = splitRule(alternative, maxBytes);
    if (split === undefined) return undefined;
    isExact &&= split.isExact;
    for (const part of split.rules) {
      const more = bytesOf(part) + 1;
      if (together.length === MOST_TOGETHER || bytes + more > maxBytes) close();
      together.push(part);
      bytes += more;
    }
  }
  close();
  return { rules, isExact };
}

/** Only one condition is split, since each of its parts stands beside all the others. */
function splitConditions(conditions: readonly Rule[], maxBytes: number): SplitRule | undefined {
  const kept: Rule[] = [];
  const large: Rule[] = [];
  let bytes = JOINED_BYTES;
  for (const condition of [...conditions].sort((a, b) => Number(namesHosts(b)) - Number(namesHosts(a)))) {
    const more = bytesOf(condition) + 1;
    if (bytes + more > maxBytes / 2) {
      large.push(condition);
      continue;
    }
    kept.push(condition);
    bytes += more;
  }
  for (const condition of large) {
    const split = splitRule(condition, maxBytes - bytes - 1);
    if (split === undefined) continue;
    const rules = split.rules.map((part): Rule => ({ type: "and", rules: [...kept, part] }));
    return { rules, isExact: split.isExact && large.length === 1 };
  }
  return kept.length === 0 ? undefined : { rules: [{ type: "and", rules: kept }], isExact: false };
}

const bytesOf = (rule: Rule): number => utf8Length(canonicalJson(rule));
