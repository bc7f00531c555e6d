import { matchRoute } from "../../src/router/match-route.ts";
import { buildRouteIndex } from "../../src/router/route-index.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { normalisePath } from "../../src/rule/routing-path.ts";
import type { Rule } from "../../src/table/rule.ts";
import { pathBelow, type RequestTarget, routerOf } from "./route-table.ts";
import { type Spread, spreadOf } from "./spread.ts";

const ROUTES = 10_000;
const MATCHES = 200_000;

interface Shape {
  name: string;
  isOneHost: boolean;
  rule(index: number): Rule;
  target(index: number): RequestTarget;
}

/** What a match costs in a table of 10,000 routes, in nanoseconds of this process's CPU. */
export interface MatchResult {
  name: string;
  /** Whether all routes are of one host, so that the path alone tells them apart. */
  isOneHost: boolean;
  match: Spread;
  /** With the request's facts and its normalised path made for each match, as for a request. */
  withFacts: Spread;
}

const ONE_HOST = "example.com";
const oneHost = (path: string): RequestTarget => ({ host: ONE_HOST, path });
const ownHost = (index: number): string => `shop-${index}.example.com`;

const shapes: readonly Shape[] = [
  {
    name: "one host each",
    isOneHost: false,
    rule: (index) => pathBelow(ownHost(index), "/api"),
    target: (index) => ({ host: ownHost(index), path: "/api/users/42" }),
  },
  {
    name: "one host, prefixes",
    isOneHost: true,
    rule: (index) => pathBelow(ONE_HOST, `/team-${index % 100}/app-${index}`),
    target: (index) => oneHost(`/team-${index % 100}/app-${index}/users/42`),
  },
  {
    name: "one host, exact and prefix mixed",
    isOneHost: true,
    rule: (index) =>
      index % 2
        ? {
            type: "and",
            rules: [
              { type: "host", host: ONE_HOST },
              { type: "path", path: `/app-${index}` },
            ],
          }
        : pathBelow(ONE_HOST, `/app-${index}/`),
    target: (index) => oneHost(index % 2 ? `/app-${index}` : `/app-${index}/users/42`),
  },
  {
    name: "one wildcard each",
    isOneHost: false,
    rule: (index) => ({ type: "hostWildcard", suffix: ownHost(index) }),
    target: (index) => ({ host: `x.${ownHost(index)}`, path: "/" }),
  },
  {
    name: "one host each, no match",
    isOneHost: false,
    rule: (index) => pathBelow(ownHost(index), "/api"),
    target: (index) => ({ host: `other-${index}.example.com`, path: "/api/users/42" }),
  },
];

const headers = new Headers();
const listener = { entryPoint: "web", tls: false };

/** One table at a time: five of them at once would fall out of the processor's caches five times as often. */
export function measureMatch(rounds: number): MatchResult[] {
  return shapes.map((shape) => {
    const { name, isOneHost, run, runWithFacts } = prepare(shape);
    run();
    runWithFacts();
    const match: number[] = [];
    const withFacts: number[] = [];
    for (let round = 0; round < rounds; round++) {
      match.push(run());
      withFacts.push(runWithFacts());
    }
    return { name, isOneHost, match: spreadOf(match), withFacts: spreadOf(withFacts) };
  });
}

function prepare({ name, isOneHost, rule, target }: Shape) {
  const numbers = Array.from({ length: ROUTES }, (_, index) => index);
  const index = buildRouteIndex(numbers.map((at) => ({ router: routerOf(at, rule(at), "s"), value: at })));
  const targets = numbers.map(target);
  const factsOf = (at: number) => {
    const { host, path } = targets[at] ?? oneHost("/");
    return createRequestFacts({
      host,
      routingPath: normalisePath(path)?.routingPath ?? "/",
      method: "GET",
      headers,
      query: "",
      clientAddress: "192.0.2.1",
    });
  };
  const made = numbers.map(factsOf);
  const fallback = factsOf(0);
  const matches = name.endsWith("no match") ? 0 : MATCHES;
  return {
    name,
    isOneHost,
    run: () => measure(matches, (at) => matchRoute([index], listener, made[at] ?? fallback)),
    runWithFacts: () => measure(matches, (at) => matchRoute([index], listener, factsOf(at))),
  };
}

/** @returns nanoseconds a round; the matches are counted, so that none is optimised away */
function measure(expected: number, work: (at: number) => unknown): number {
  let found = 0;
  const before = process.cpuUsage();
  for (let round = 0; round < MATCHES; round++) if (work((round * 7919) % ROUTES) !== undefined) found++;
  const { user, system } = process.cpuUsage(before);
  if (found !== expected) throw new Error(`${found} matches instead of ${expected}`);
  return ((user + system) * 1000) / MATCHES;
}
