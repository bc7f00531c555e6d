import { readCookie } from "../cookie/read-cookie.ts";
import type { Rule } from "../table/rule.ts";
import { withoutTrailingDot } from "./canonical-host.ts";
import { compileAddressBlock } from "./client-address.ts";
import { type CompileRegexp, compileRegexp as compileSharedRegexp, type Regexp } from "./regexp.ts";
import type { RequestFacts } from "./request-facts.ts";
import { withoutTrailingSlashes } from "./routing-path.ts";
import { stableShare } from "./stable-share.ts";

export type MatchesRequest = (facts: RequestFacts) => boolean;

/** One for all: a rule of which the index has seen to everything is in the processor's cache. */
const always: MatchesRequest = () => true;
const never: MatchesRequest = () => false;

/**
 * Makes a rule a test of requests. Throws `RegexpError` when a regular expression in it is not RE2's, which a
 * parsed rule never holds.
 *
 * Traefik compares each line of a header apart. Here the lines arrive joined by `, `, so a header matches when the
 * whole value does, or any part between two `, `: a value that one line lists matches too.
 */
export function compileRule(rule: Rule, compileRegexp: CompileRegexp = compileSharedRegexp): MatchesRequest {
  switch (rule.type) {
    case "and":
      return compileAnd(rule.rules.map((child) => compileRule(child, compileRegexp)));
    case "or":
      return compileOr(rule.rules.map((child) => compileRule(child, compileRegexp)));
    case "not": {
      const matches = compileRule(rule.rule, compileRegexp);
      return (facts) => !matches(facts);
    }
    case "any":
      return always;
    case "host":
      return compileHost(rule.host);
    case "hostWildcard":
      return compileHostWildcard(rule.suffix, rule.deep ?? false);
    case "hostRegexp": {
      const regexp = compileRegexp(rule.regexp);
      return ({ host }) => regexp.test(host);
    }
    case "path": {
      const { path } = rule;
      return (facts) => facts.path === path;
    }
    case "pathPrefix":
      return compilePathPrefix(rule.path, rule.segments ?? false);
    case "pathRegexp": {
      const regexp = compileRegexp(rule.regexp);
      return ({ path }) => regexp.test(path);
    }
    case "method": {
      const { method } = rule;
      return (facts) => facts.method === method;
    }
    case "header":
      return compileHeader(rule.name, (value) => value === rule.value);
    case "headerRegexp": {
      const regexp = compileRegexp(rule.regexp);
      return compileHeader(rule.name, (value) => regexp.test(value));
    }
    case "query":
      return (facts) => facts.query(rule.key).includes(rule.value);
    case "queryRegexp":
      return compileQueryRegexp(rule.key, compileRegexp(rule.regexp));
    case "clientIp": {
      const contains = compileAddressBlock(rule.cidr);
      return contains === undefined ? never : ({ clientAddress }) => contains(clientAddress);
    }
    case "cookie": {
      const { name, value } = rule;
      return (facts) => readCookie(facts.header("cookie"), name) === value;
    }
    case "cookieRegexp": {
      const { name } = rule;
      const regexp = compileRegexp(rule.regexp);
      return (facts) => {
        const value = readCookie(facts.header("cookie"), name);
        return value !== undefined && regexp.test(value);
      };
    }
    case "country": {
      const { country } = rule;
      return (facts) => facts.country() === country;
    }
    case "percent": {
      const { percent } = rule;
      return (facts) => {
        const key = shareKey(rule, facts);
        return key !== null && stableShare(key) < percent;
      };
    }
  }
}

/** By what a client is told apart from others; null for one that does not say who it is. */
export function shareKey({ header, cookie }: Extract<Rule, { type: "percent" }>, facts: RequestFacts): string | null {
  if (header !== undefined) return facts.header(header);
  return cookie === undefined ? facts.clientAddress : (readCookie(facts.header("cookie"), cookie) ?? null);
}

function compileAnd(tests: readonly MatchesRequest[]): MatchesRequest {
  const [first, second] = tests;
  if (tests.length === 2 && first && second) return (facts) => first(facts) && second(facts);
  return (facts) => tests.every((matches) => matches(facts));
}

function compileOr(tests: readonly MatchesRequest[]): MatchesRequest {
  const [first, second] = tests;
  if (tests.length === 2 && first && second) return (facts) => first(facts) || second(facts);
  return (facts) => tests.some((matches) => matches(facts));
}

function compileHost(ruleHost: string): MatchesRequest {
  const name = withoutTrailingDot(ruleHost);
  if (name === "") return never;
  const absolute = `${name}.`;
  return ({ host }) => host === name || host === absolute;
}

function compileHostWildcard(suffix: string, deep: boolean): MatchesRequest {
  const end = `.${withoutTrailingDot(suffix)}`;
  return (facts) => {
    const host = withoutTrailingDot(facts.host);
    const labels = host.length - end.length;
    if (labels <= 0 || !host.endsWith(end)) return false;
    return deep || host.indexOf(".") === labels;
  };
}

/** With `segments`, `/a` and `/a/` both take `/a` and everything below it (Gateway API, PathPrefix). */
function compilePathPrefix(prefix: string, segments: boolean): MatchesRequest {
  if (!segments) return ({ path }) => path.startsWith(prefix);
  const whole = withoutTrailingSlashes(prefix);
  const below = `${whole}/`;
  return ({ path }) => path === whole || path.startsWith(below);
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

/** Whether a request can carry a header that rules see: Traefik takes Host out of the headers (RFC 9110, 5.1). */
export const isMatchableHeader = (name: string): boolean => HEADER_NAME.test(name) && name.toLowerCase() !== "host";

function compileHeader(name: string, matches: (value: string) => boolean): MatchesRequest {
  if (!isMatchableHeader(name)) return never;
  return (facts) => {
    const value = facts.header(name);
    if (value === null) return false;
    return matches(value) || (value.includes(", ") && value.split(", ").some(matches));
  };
}

function compileQueryRegexp(key: string, regexp: Regexp): MatchesRequest {
  return (facts) => facts.query(key).some((value) => regexp.test(value));
}
