import type { Rule } from "../table/rule.ts";
import { withoutTrailingDot } from "./canonical-host.ts";
import type { RuleKey } from "./rule-keys.ts";

/**
 * What is left of a rule to be tested on a request that was found under one of its keys: the host and the path literal
 * that the key says are not compared a second time. Of a wildcard that takes one label (`takesOneLabel`) the request has
 * been found to have one.
 */
export function withoutImplied(rule: Rule, key: RuleKey): Rule {
  if (isImplied(rule, key)) return { type: "any" };
  if (rule.type !== "and") return rule;
  const left = rule.rules.map((child) => withoutImplied(child, key)).filter(({ type }) => type !== "any");
  const [only] = left;
  if (only === undefined) return { type: "any" };
  return left.length === 1 ? only : { type: "and", rules: left };
}

function isImplied(rule: Rule, { host, path }: RuleKey): boolean {
  switch (rule.type) {
    case "host":
      return host !== "" && withoutTrailingDot(rule.host) === host;
    case "hostWildcard":
      return isOfKey(rule, host);
    case "path":
      return path?.kind === "exact" && path.value === rule.path;
    case "pathPrefix":
      return rule.segments !== true && path?.value.startsWith(rule.path) === true;
    default:
      return false;
  }
}

/** Whether a rule takes only names with one label before the suffix of its key, where that is a wildcard. */
export function takesOneLabel(rule: Rule, key: Pick<RuleKey, "host">): boolean {
  if (rule.type === "and") return rule.rules.some((child) => takesOneLabel(child, key));
  return rule.type === "hostWildcard" && rule.deep !== true && isOfKey(rule, key.host);
}

const isOfKey = ({ suffix }: Extract<Rule, { type: "hostWildcard" }>, host: string): boolean =>
  host === `*.${withoutTrailingDot(suffix)}`;
