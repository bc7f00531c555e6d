import { matchRoute } from "../src/router/match-route.ts";
import { buildRouteIndex } from "../src/router/route-index.ts";
import { createRequestFacts } from "../src/rule/create-request-facts.ts";
import { normalisePath } from "../src/rule/routing-path.ts";
import type { Rule } from "../src/table/rule.ts";
import type { Router } from "../src/table/table.ts";

/** Prints what a match costs in tables of 10,000 routes; facts are made for each match, as for a request. */
const ROUTES = 10_000;
const ROUNDS = 2_000_000;

interface Shape {
  name: string;
  rule(index: number): Rule;
  host(index: number): string;
  path(index: number): string;
}

const underHost = (host: string, ...rules: Rule[]): Rule => ({
  type: "and",
  rules: [{ type: "host", host }, ...rules],
});

const shapes: Shape[] = [
  {
    name: "one host each",
    rule: (index) => underHost(`h${index}.example.com`, { type: "pathPrefix", path: "/api" }),
    host: (index) => `h${index}.example.com`,
    path: () => "/api/users/42",
  },
  {
    name: "one host, prefixes",
    rule: (index) => underHost("example.com", { type: "pathPrefix", path: `/team-${index % 100}/app-${index}` }),
    host: () => "example.com",
    path: (index) => `/team-${index % 100}/app-${index}/users/42`,
  },
  {
    name: "one host, exact and prefix mixed",
    rule: (index) =>
      underHost(
        "example.com",
        index % 2 ? { type: "path", path: `/app-${index}` } : { type: "pathPrefix", path: `/app-${index}/` },
      ),
    host: () => "example.com",
    path: (index) => (index % 2 ? `/app-${index}` : `/app-${index}/users/42`),
  },
  {
    name: "one wildcard each",
    rule: (index) => ({ type: "hostWildcard", suffix: `h${index}.example.com` }),
    host: (index) => `x.h${index}.example.com`,
    path: () => "/",
  },
  {
    name: "one host each, no match",
    rule: (index) => underHost(`h${index}.example.com`),
    host: (index) => `n${index}.example.com`,
    path: () => "/api/users/42",
  },
];

const headers = new Headers();
const listener = { entryPoint: "web", tls: false };

function routerOf(index: number, rule: Rule): Router {
  const name = `r${index}`;
  const ruleText = JSON.stringify(rule);
  const priority = ruleText.length;
  return {
    name,
    entryPoints: ["web"],
    tls: false,
    rule,
    ruleText,
    priority,
    tieBreaker: name,
    middlewares: [],
    service: "s",
  };
}

function measure(rounds: number, work: (round: number) => unknown): number {
  let used = 0;
  const start = performance.now();
  for (let round = 0; round < rounds; round += 1) if (work(round) !== undefined) used += 1;
  const nanoseconds = ((performance.now() - start) * 1e6) / rounds;
  if (used < 0) console.log(used);
  return nanoseconds;
}

console.log(`${ROUTES} routes: ns to match, ns with facts and path made for each, ms to build`);
for (const { name, rule, host, path } of shapes) {
  const routers = Array.from({ length: ROUTES }, (_, index) => ({
    router: routerOf(index, rule(index)),
    value: index,
  }));
  const started = performance.now();
  const index = buildRouteIndex(routers);
  const build = performance.now() - started;
  const requests = Array.from({ length: ROUTES }, (_, i) => ({ host: host(i), path: path(i) }));
  const factsOf = (at: number) => {
    const request = requests[(at * 7919) % ROUTES] ?? { host: "", path: "/" };
    const normal = normalisePath(request.path);
    const routingPath = normal?.routingPath ?? "/";
    return createRequestFacts({
      host: request.host,
      routingPath,
      method: "GET",
      headers,
      query: "",
      clientAddress: "192.0.2.1",
    });
  };
  const made = Array.from({ length: ROUTES }, (_, at) => factsOf(at));
  const match = (at: number) => {
    const facts = made[at % ROUTES];
    return facts && matchRoute([index], listener, facts);
  };
  const whole = (at: number) => matchRoute([index], listener, factsOf(at));
  measure(ROUNDS / 10, match);
  measure(ROUNDS / 10, whole);
  const [matched, all] = [measure(ROUNDS, match), measure(ROUNDS, whole)];
  console.log(
    `${name.padEnd(34)} ${matched.toFixed(0).padStart(6)} ${all.toFixed(0).padStart(6)} ${build.toFixed(0).padStart(6)}`,
  );
}
