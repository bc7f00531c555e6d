import type { HttpMatcher, RuleTree } from "../table/rule.ts";
import type { RuleProblem, Span } from "./rule-problem.ts";

/** One argument of a matcher: never empty. */
export interface MatcherArgument extends Span {
  value: string;
}

export type Warn = (problem: Omit<RuleProblem, "code">) => void;

/** What stands behind a matcher's name in one syntax. */
export interface Matcher<Leaf extends { type: string } = HttpMatcher> {
  minArguments: number;
  maxArguments: number;
  /** How it is written, for messages. */
  usage: string;
  /** Throws `RuleError`. `args` are as many as the matcher takes. */
  build(args: readonly MatcherArgument[], warn: Warn): RuleTree<Leaf>;
}

export interface MatcherTable<Leaf extends { type: string } = HttpMatcher> {
  matchers: Record<string, Matcher<Leaf>>;
  /** What to say about names that this syntax does not have but others do. */
  foreignNames: Record<string, string>;
}

/** A matcher that takes one argument. */
export function unary<Leaf extends { type: string } = HttpMatcher>(
  usage: string,
  build: (arg: MatcherArgument, warn: Warn) => RuleTree<Leaf>,
): Matcher<Leaf> {
  return {
    minArguments: 1,
    maxArguments: 1,
    usage,
    build: ([arg], warn) => build(present(arg), warn),
  };
}

/** A matcher that takes two arguments. */
export function binary(
  usage: string,
  build: (first: MatcherArgument, second: MatcherArgument, warn: Warn) => RuleTree<HttpMatcher>,
): Matcher {
  return {
    minArguments: 2,
    maxArguments: 2,
    usage,
    build: ([first, second], warn) => build(present(first), present(second), warn),
  };
}

/** A matcher whose arguments are alternatives, as in v2. */
export function anyOf<Leaf extends { type: string } = HttpMatcher>(
  usage: string,
  build: (arg: MatcherArgument, warn: Warn) => RuleTree<Leaf>,
): Matcher<Leaf> {
  return {
    minArguments: 1,
    maxArguments: Number.POSITIVE_INFINITY,
    usage,
    build: (args, warn) =>
      combine(
        "or",
        args.map((arg) => build(arg, warn)),
      ),
  };
}

export function combine<Leaf>(type: "and" | "or", rules: RuleTree<Leaf>[]): RuleTree<Leaf> {
  const [only] = rules;
  return rules.length === 1 && only !== undefined ? only : { type, rules };
}

/** Those that the arity promises. */
export function present(arg: MatcherArgument | undefined): MatcherArgument {
  if (arg === undefined) throw new TypeError("The parser has counted the arguments");
  return arg;
}

/** Names of Traefik 1 and of TCP rules, foreign to both syntaxes of HTTP rules. */
export const foreignToHttp: Record<string, string> = {
  HostSNI: "HostSNI is a matcher of TCP rules: use Host here, or an IngressRouteTCP",
  HostSNIRegexp: "HostSNIRegexp is a matcher of TCP rules: use HostRegexp here, or an IngressRouteTCP",
  ALPN: "ALPN is a matcher of TCP rules: use an IngressRouteTCP",
  PathStrip: "Use Path, and a Middleware stripPrefix",
  PathStripRegex: "Use PathRegexp, and a Middleware stripPrefixRegex",
  PathPrefixStrip: "Use PathPrefix, and a Middleware stripPrefix",
  PathPrefixStripRegex: "Use PathRegexp, and a Middleware stripPrefixRegex",
  AddPrefix: "Use a Middleware addPrefix",
  ReplacePath: "Use a Middleware replacePath",
  ReplacePathRegex: "Use a Middleware replacePathRegex",
};
