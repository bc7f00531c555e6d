import { readCookie } from "../cookie/read-cookie.ts";
import { withoutTrailingDot } from "../rule/canonical-host.ts";
import { compileRule, shareKey } from "../rule/compile-rule.ts";
import type { RequestFacts } from "../rule/request-facts.ts";
import { stableShare } from "../rule/stable-share.ts";
import type { Router } from "../table/router.ts";
import type { Rule } from "../table/rule.ts";
import type { Matcher } from "./compare-matchers.ts";
import { compareRouters } from "./compare-routers.ts";
import type { ListenerKey } from "./match-route.ts";

/** A part of a rule, and whether a request meets it. */
export type Check =
  | { type: "and" | "or" | "not"; ok: boolean; checks: Check[] }
  | {
      type: "matcher";
      ok: boolean;
      matcher: Matcher;
      /** What the request has where the matcher looks; null when it has nothing there. */
      value: string | null;
    };

/** Why a router does not serve a request. */
export type Lost =
  /** Its rule does not match. */
  | { reason: "rule" }
  /** It stands on other entry points, or on the other side of TLS. */
  | { reason: "listener" }
  | { reason: "priority" | "tie"; to: Router };

export interface MatchCandidate {
  router: Router;
  /** Whether it stands on the listener that the request came to. */
  here: boolean;
  /** Whether its rule matches, wherever the router stands. */
  matched: boolean;
  /** Which of the request's host and path its rule asks for and gets. */
  met: ReadonlySet<"host" | "path">;
  /** Absent for the winner. */
  lost?: Lost;
  checks: Check;
}

export interface MatchExplanation {
  /** The router that serves the request. */
  winner?: MatchCandidate;
  /** All other routers that have something to do with the request, the closest first. */
  candidates: MatchCandidate[];
}

/**
 * Says which router serves a request, and how the others came off. Close are those whose rule matches (they lost by
 * priority, by the tie breaker, or stand elsewhere), then those on this listener that ask for the request's host,
 * then those that match its host elsewhere, then those that match its path.
 *
 * @param shown `all`: also those that have nothing to do with the request
 */
export function explainMatch(
  routers: readonly Router[],
  listener: ListenerKey,
  facts: RequestFacts,
  shown: "close" | "all" = "close",
): MatchExplanation {
  const isHere = ({ entryPoints, tls }: Router): boolean =>
    tls === listener.tls && entryPoints.includes(listener.entryPoint);
  const judged = routers.toSorted(compareRouters).map((router) => ({
    router,
    here: isHere(router),
    checks: checkRule(router.rule, facts),
  }));
  const first = judged.find(({ here, checks }) => here && checks.ok);
  const candidateOf = ({ router, here, checks }: (typeof judged)[number]): MatchCandidate => ({
    router,
    here,
    matched: checks.ok,
    met: metSubjects(checks),
    ...(router !== first?.router && { lost: lostBy(router, here, checks, first?.router) }),
    checks,
  });
  const others = judged.filter(({ router }) => router !== first?.router).map(candidateOf);
  return {
    ...(first && { winner: candidateOf(first) }),
    candidates: others
      .filter((candidate) => shown === "all" || closenessOf(candidate) > 0)
      .sort((a, b) => closenessOf(b) - closenessOf(a)),
  };
}

function lostBy(router: Router, here: boolean, checks: Check, winner: Router | undefined): Lost {
  if (!checks.ok) return { reason: "rule" };
  if (!here || winner === undefined) return { reason: "listener" };
  return { reason: router.priority === winner.priority ? "tie" : "priority", to: winner };
}

/** 0 for routers that have nothing to do with the request. */
function closenessOf({ here, matched, met }: MatchCandidate): number {
  const degree = matched ? 3 : met.has("host") ? 2 : met.has("path") ? 1 : 0;
  return degree === 0 ? 0 : 2 * degree + (here ? 1 : 0);
}

/** What a rule asks of host and path, and gets. A path that every request has says nothing. */
function metSubjects(check: Check): Set<"host" | "path"> {
  if (check.type !== "matcher") {
    return new Set(check.type === "not" ? [] : check.checks.flatMap((one) => [...metSubjects(one)]));
  }
  const { matcher, ok } = check;
  if (!ok) return new Set();
  if (matcher.type === "host" || matcher.type === "hostWildcard" || matcher.type === "hostRegexp") {
    return new Set(["host"]);
  }
  const isAnyPath = matcher.type === "pathPrefix" && matcher.path === "/";
  const isPath = matcher.type === "path" || matcher.type === "pathPrefix" || matcher.type === "pathRegexp";
  return new Set(isPath && !isAnyPath ? ["path"] : []);
}

/** Tests every part of a rule, also where the outcome is known before. */
function checkRule(rule: Rule, facts: RequestFacts): Check {
  switch (rule.type) {
    case "and":
    case "or": {
      const checks = rule.rules.map((child) => checkRule(child, facts));
      const ok = rule.type === "and" ? checks.every((one) => one.ok) : checks.some((one) => one.ok);
      return { type: rule.type, ok, checks };
    }
    case "not": {
      const check = checkRule(rule.rule, facts);
      return { type: "not", ok: !check.ok, checks: [check] };
    }
    default:
      return { type: "matcher", ok: compileRule(rule)(facts), matcher: rule, value: valueFor(rule, facts) };
  }
}

function valueFor(matcher: Matcher, facts: RequestFacts): string | null {
  switch (matcher.type) {
    case "any":
      return null;
    case "host":
    case "hostWildcard":
      return withoutTrailingDot(facts.host) || null;
    case "hostRegexp":
      return facts.host || null;
    case "path":
    case "pathPrefix":
    case "pathRegexp":
      return facts.path;
    case "method":
      return facts.method;
    case "header":
    case "headerRegexp":
      return facts.header(matcher.name);
    case "query":
    case "queryRegexp": {
      const values = facts.query(matcher.key);
      return values.length === 0 ? null : values.join(", ");
    }
    case "clientIp":
      return facts.clientAddress;
    case "cookie":
    case "cookieRegexp":
      return readCookie(facts.header("cookie"), matcher.name) ?? null;
    case "country":
      return facts.country() || null;
    case "percent": {
      const key = shareKey(matcher, facts);
      return key === null ? null : stableShare(key).toFixed(2);
    }
  }
}
