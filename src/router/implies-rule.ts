import type { Rule } from "../table/rule.ts";
import { isAlways, type Matcher, matcherImplies, matchersExclude } from "./compare-matchers.ts";

/** What a request must and must not match, all at once: one alternative of a rule. */
interface Alternative {
  must: readonly Matcher[];
  mustNot: readonly Matcher[];
}

/** A rule with more alternatives than this is not looked into. */
const MAX_ALTERNATIVES = 64;

export type Alternatives = readonly Alternative[];

/**
 * A rule as a choice of alternatives, without those that contradict themselves; empty for a rule that no request
 * matches. Undefined when there are too many of them.
 */
export function alternativesOf(rule: Rule): Alternatives | undefined {
  const alternatives = expand(rule, true);
  return alternatives?.filter((alternative) => !contradictsItself(alternative));
}

/**
 * Whether every request that one of the alternatives matches is known to be matched by the rule. It may miss that,
 * but never claims it wrongly.
 */
export const impliesRule = (alternatives: Alternatives, rule: Rule): boolean =>
  alternatives.every((alternative) => entails(alternative, rule));

function entails(given: Alternative, rule: Rule): boolean {
  switch (rule.type) {
    case "and":
      return rule.rules.every((child) => entails(given, child));
    case "or":
      return rule.rules.some((child) => entails(given, child));
    case "not":
      return rulesOut(given, rule.rule);
    default:
      return isAlways(rule) || given.must.some((matcher) => matcherImplies(matcher, rule));
  }
}

function rulesOut(given: Alternative, rule: Rule): boolean {
  switch (rule.type) {
    case "and":
      return rule.rules.some((child) => rulesOut(given, child));
    case "or":
      return rule.rules.every((child) => rulesOut(given, child));
    case "not":
      return entails(given, rule.rule);
    default:
      return (
        given.must.some((matcher) => matchersExclude(matcher, rule)) ||
        given.mustNot.some((matcher) => matcherImplies(rule, matcher))
      );
  }
}

/** Negations move inwards to the matchers (De Morgan), then `and` is multiplied out over `or`. */
function expand(rule: Rule, wanted: boolean): Alternative[] | undefined {
  switch (rule.type) {
    case "not":
      return expand(rule.rule, !wanted);
    case "and":
    case "or": {
      const children = rule.rules.map((child) => expand(child, wanted));
      return (rule.type === "and") === wanted ? allOf(children) : anyOf(children);
    }
    default:
      return [wanted ? { must: [rule], mustNot: [] } : { must: [], mustNot: [rule] }];
  }
}

type Expanded = readonly (readonly Alternative[] | undefined)[];

function allOf(children: Expanded): Alternative[] | undefined {
  let product: Alternative[] = [{ must: [], mustNot: [] }];
  for (const child of children) {
    if (child === undefined || product.length * child.length > MAX_ALTERNATIVES) return undefined;
    product = product.flatMap((left) =>
      child.map((right) => ({
        must: [...left.must, ...right.must],
        mustNot: [...left.mustNot, ...right.mustNot],
      })),
    );
  }
  return product;
}

function anyOf(children: Expanded): Alternative[] | undefined {
  const sum: Alternative[] = [];
  for (const child of children) {
    if (child === undefined || sum.length + child.length > MAX_ALTERNATIVES) return undefined;
    sum.push(...child);
  }
  return sum;
}

function contradictsItself({ must, mustNot }: Alternative): boolean {
  return (
    must.some((a, index) => must.slice(index + 1).some((b) => matchersExclude(a, b))) ||
    mustNot.some((b) => isAlways(b) || must.some((a) => matcherImplies(a, b)))
  );
}
