import type { RuleTree } from "../table/rule.ts";
import { explainToken, quoteArgument, shorten } from "./explain-token.ts";
import { combine, type Matcher, type MatcherArgument, type MatcherTable } from "./matcher.ts";
import { nearestName } from "./nearest-name.ts";
import { readToken, type Token } from "./read-token.ts";
import { RuleError, type RuleProblem, syntaxError } from "./rule-problem.ts";

/** Warnings (`rule-unreachable`) tell what is legal but cannot have been meant. */
export type ParsedRuleTree<Leaf> = { rule: RuleTree<Leaf>; warnings: RuleProblem[] } | { error: RuleProblem };

/** UTF-16 units. The rule text is also its priority: a longer one is no one's work. */
export const MAX_RULE_LENGTH = 65_536;
/** Parentheses within parentheses. */
export const MAX_RULE_DEPTH = 100;

/** The language of a rule: its matchers, and how one is written. */
export interface RuleLanguage<Leaf extends { type: string }> {
  /** By every accepted spelling. */
  spelled: ReadonlyMap<string, Matcher<Leaf>>;
  canonical: readonly string[];
  foreign: ReadonlyMap<string, string>;
  /** For messages: Host(`example.com`). */
  example: string;
}

/** A name is accepted as it is written, in lower case, in upper case, and with only its first letter in upper case. */
export function createRuleLanguage<Leaf extends { type: string }>(
  { matchers, foreignNames }: MatcherTable<Leaf>,
  example: string,
): RuleLanguage<Leaf> {
  const spelled = new Map<string, Matcher<Leaf>>();
  for (const [name, matcher] of Object.entries(matchers)) {
    const title = name.slice(0, 1) + name.slice(1).toLowerCase();
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase(), title]) spelled.set(spelling, matcher);
  }
  return { spelled, canonical: Object.keys(matchers), foreign: new Map(Object.entries(foreignNames)), example };
}

/**
 * Parses the text of a rule to a tree in which `not` stands only before matchers: `!` is pushed down by De Morgan's
 * laws. Never throws; gives the first error and its place.
 *
 * Source: https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/
 */
export function parseRuleText<Leaf extends { type: string }>(
  text: string,
  language: RuleLanguage<Leaf>,
): ParsedRuleTree<Leaf> {
  try {
    if (text.length > MAX_RULE_LENGTH) {
      throw syntaxError(
        { offset: MAX_RULE_LENGTH, length: text.length - MAX_RULE_LENGTH },
        `The rule is longer than ${MAX_RULE_LENGTH} characters`,
      );
    }
    const cursor: Cursor<Leaf> = { text, token: readToken(text, 0), depth: 0, language, warnings: [] };
    return { rule: parseWhole(cursor), warnings: cursor.warnings };
  } catch (error) {
    if (error instanceof RuleError) return { error: error.problem };
    throw error;
  }
}

interface Cursor<Leaf extends { type: string }> {
  readonly text: string;
  token: Token;
  depth: number;
  readonly language: RuleLanguage<Leaf>;
  readonly warnings: RuleProblem[];
}

function parseWhole<Leaf extends { type: string }>(cursor: Cursor<Leaf>): RuleTree<Leaf> {
  if (isEnd(cursor.token)) throw syntaxError(cursor.token, "The rule is empty", `Write ${cursor.language.example}`);
  const rule = parseChain(cursor, "||", false);
  if (!isEnd(cursor.token)) throw unexpected(cursor.token, "&& or ||");
  return rule;
}

/** Operands joined by `operator`; `&&` binds tighter than `||`. Negated, each operator is the other one. */
function parseChain<Leaf extends { type: string }>(
  cursor: Cursor<Leaf>,
  operator: "||" | "&&",
  negated: boolean,
): RuleTree<Leaf> {
  const type = (operator === "||") !== negated ? "or" : "and";
  const rules: RuleTree<Leaf>[] = [];
  for (;;) {
    const rule = operator === "||" ? parseChain(cursor, "&&", negated) : parseUnary(cursor, negated);
    if (isChain(rule) && rule.type === type) for (const child of rule.rules) rules.push(child);
    else rules.push(rule);
    if (!isOperator(cursor.token, operator)) break;
    advance(cursor);
  }
  return combine(type, rules);
}

function parseUnary<Leaf extends { type: string }>(cursor: Cursor<Leaf>, negated: boolean): RuleTree<Leaf> {
  let flipped = negated;
  for (; isOperator(cursor.token, "!"); advance(cursor)) flipped = !flipped;
  if (!isOperator(cursor.token, "(")) return parseMatcher(cursor, flipped);
  if (cursor.depth === MAX_RULE_DEPTH) {
    throw syntaxError(cursor.token, `Parentheses stand more than ${MAX_RULE_DEPTH} deep`);
  }
  cursor.depth += 1;
  advance(cursor);
  const rule = parseChain(cursor, "||", flipped);
  if (!isOperator(cursor.token, ")")) throw unexpected(cursor.token, "&&, || or a closing parenthesis");
  cursor.depth -= 1;
  advance(cursor);
  return rule;
}

function parseMatcher<Leaf extends { type: string }>(cursor: Cursor<Leaf>, negated: boolean): RuleTree<Leaf> {
  const name = cursor.token;
  if (name.kind !== "name") throw unexpected(name, `a matcher, such as ${cursor.language.example}`);
  const matcher = cursor.language.spelled.get(name.text);
  if (matcher === undefined) throw unknownMatcher(name, cursor.language);
  advance(cursor);
  if (!isOperator(cursor.token, "(")) throw unexpected(cursor.token, `an opening parenthesis after ${name.text}`);
  advance(cursor);
  const args = parseArguments(cursor);
  const closing = cursor.token;
  const { minArguments: min, maxArguments: max, usage } = matcher;
  if (args.length < min || args.length > max) {
    const place = { offset: name.offset, length: closing.offset + closing.length - name.offset };
    const takes = min === max ? `${min}` : max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} or ${max}`;
    const message = `${name.text} takes ${takes} argument${takes === "1" ? "" : "s"}, not ${args.length}`;
    throw syntaxError(place, message, hintForArity(name.text, args, max) ?? `Write ${usage}`);
  }
  advance(cursor);
  const rule = matcher.build(args, (warning) => cursor.warnings.push({ code: "rule-unreachable", ...warning }));
  return negated ? negate(rule) : rule;
}

/** Ends at the closing parenthesis. A comma may stand before it, as in Go. */
function parseArguments<Leaf extends { type: string }>(cursor: Cursor<Leaf>): MatcherArgument[] {
  const args: MatcherArgument[] = [];
  while (!isOperator(cursor.token, ")")) {
    const { token } = cursor;
    if (token.kind !== "string") {
      throw unexpected(token, "a string in backticks or double quotes", quoteArgument(cursor.text, token));
    }
    if (token.value === "") throw syntaxError(token, "An argument is empty", "Fill it in, or leave the matcher out");
    args.push({ value: token.value, offset: token.offset, length: token.length });
    advance(cursor);
    if (isOperator(cursor.token, ",")) advance(cursor);
    else if (!isOperator(cursor.token, ")")) throw unexpected(cursor.token, "a comma or a closing parenthesis");
  }
  return args;
}

/** What v2 took as alternatives, v3 writes as such. */
function hintForArity(name: string, args: readonly MatcherArgument[], max: number): string | undefined {
  if (max !== 1 || args.length < 2 || args.length > 5) return undefined;
  const alternatives = args.map(({ value }) => `${name}(\`${shorten(value)}\`)`).join(" || ");
  return `Write ${alternatives}, or set the route's syntax to v2`;
}

function negate<Leaf extends { type: string }>(rule: RuleTree<Leaf>): RuleTree<Leaf> {
  if (isChain(rule)) return { type: rule.type === "and" ? "or" : "and", rules: rule.rules.map(negate<Leaf>) };
  return isNot(rule) ? rule.rule : { type: "not", rule };
}

type Chain<Leaf> = { type: "and"; rules: RuleTree<Leaf>[] } | { type: "or"; rules: RuleTree<Leaf>[] };
type Not<Leaf> = { type: "not"; rule: RuleTree<Leaf> };

const isChain = <Leaf extends { type: string }>(rule: RuleTree<Leaf>): rule is Chain<Leaf> =>
  rule.type === "and" || rule.type === "or";
const isNot = <Leaf extends { type: string }>(rule: RuleTree<Leaf>): rule is Not<Leaf> => rule.type === "not";

function unknownMatcher(
  name: Token,
  { canonical, foreign }: { canonical: readonly string[]; foreign: ReadonlyMap<string, string> },
): RuleError {
  const nearest = nearestName(name.text, canonical);
  const guess = nearest === undefined ? undefined : `Did you mean ${nearest}?`;
  const hint = foreign.get(name.text) ?? explainToken(name) ?? guess;
  return syntaxError(
    name,
    `There is no matcher ${shorten(name.text)}`,
    hint ?? `The matchers are ${canonical.join(", ")}`,
  );
}

const unexpected = (token: Token, wanted: string, hint = explainToken(token)): RuleError =>
  syntaxError(token, `Expected ${wanted}, found ${isEnd(token) ? "the end of the rule" : shorten(token.text)}`, hint);

const isEnd = (token: Token): boolean => token.kind === "end";

const isOperator = (token: Token, text: string): boolean => token.kind === "operator" && token.text === text;

function advance(cursor: { text: string; token: Token }): void {
  cursor.token = readToken(cursor.text, cursor.token.offset + cursor.token.length);
}
