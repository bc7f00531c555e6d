import { type ConnectionFacts, compileTcpRule, type MatchesConnection } from "../../src/rule/compile-tcp-rule.ts";
import type { TcpRouter } from "../../src/table/tcp.ts";
import type { TcpRule } from "../../src/table/tcp-rule.ts";

/** The TCP routers of one entry point, ready to be matched. */
export interface ConnectionRoutes {
  readonly hasPlain: boolean;
  readonly hasTls: boolean;
  /** The router of a connection that is not TLS. */
  matchPlain(clientAddress: string): TcpRouter | undefined;
  /** The router of a connection that begins with a ClientHello: never a plain one. */
  matchTls(facts: ConnectionFacts): TcpRouter | undefined;
}

interface Candidate {
  router: TcpRouter;
  /** Its place in the order in which routers are tried. */
  rank: number;
  matches: MatchesConnection;
}

/**
 * Sorts the routers of one entry point: the highest priority first, of equal ones the smaller tie-breaker. Plain and
 * TLS routers are apart, as in Traefik
 * (https://doc.traefik.io/traefik/reference/routing-configuration/tcp/routing/rules-and-priority/).
 */
export function createConnectionRoutes(routers: readonly TcpRouter[], entryPoint: string): ConnectionRoutes {
  const candidates = routers
    .filter((router) => router.entryPoints.includes(entryPoint))
    .sort((a, b) => b.priority - a.priority || (a.tieBreaker < b.tieBreaker ? -1 : 1))
    .map((router, rank): Candidate => ({ router, rank, matches: compileTcpRule(router.rule) }));
  const plain = candidates.filter(({ router }) => router.tls === undefined);
  const tls = candidates.filter(({ router }) => router.tls !== undefined);

  const byName = new Map<string, Candidate[]>();
  const unnamed: Candidate[] = [];
  for (const candidate of tls) {
    const name = requiredName(candidate.router.rule);
    const list = name === undefined ? unnamed : byName.get(name);
    if (list !== undefined) list.push(candidate);
    else if (name !== undefined) byName.set(name, [candidate]);
  }
  return {
    hasPlain: plain.length > 0,
    hasTls: tls.length > 0,
    matchPlain: (clientAddress) => firstOf(plain, none, { clientAddress, sni: "", alpn: [] }),
    matchTls: (facts) => firstOf(byName.get(facts.sni) ?? none, unnamed, facts),
  };
}

const none: readonly Candidate[] = [];

/** The name without which a rule cannot match, so that thousands of names cost a connection one look. */
function requiredName(rule: TcpRule): string | undefined {
  if (rule.type === "sni") return rule.name;
  if (rule.type !== "and") return undefined;
  for (const child of rule.rules) {
    const name = requiredName(child);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The first of two lists, tried in the order of their ranks, that matches. */
function firstOf(a: readonly Candidate[], b: readonly Candidate[], facts: ConnectionFacts): TcpRouter | undefined {
  for (let i = 0, j = 0; ; ) {
    const [left, right] = [a[i], b[j]];
    if (left === undefined && right === undefined) return undefined;
    const isLeft = right === undefined || (left !== undefined && left.rank < right.rank);
    const next = isLeft ? left : right;
    if (next?.matches(facts)) return next.router;
    if (isLeft) i += 1;
    else j += 1;
  }
}
