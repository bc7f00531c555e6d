import { alternativesOf } from "../../src/router/implies-rule.ts";
import { ruleKeys } from "../../src/rule/rule-keys.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { ChildRouter } from "../../src/table/router.ts";
import type { Rule } from "../../src/table/rule.ts";
import type { Table } from "../../src/table/table.ts";

/** A router below others that takes none of the requests that they hand down. */
interface Contradicted {
  router: ChildRouter;
  /** The service that it stands in, as one of its routers. */
  level: string;
  /** The router right above it, on each way from an entry point. */
  above: readonly ChildRouter[];
}

/** The routers on one way down from an entry point. */
type Way = readonly ChildRouter[];

type RoutedTable = Pick<Table, "routers" | "services" | "middlewares">;

/** A level to which more ways lead is passed over. */
const MAX_WAYS = 32;

/** What is the client's own on every level: the host that it asked for, and its address. */
const clientsOwn: readonly Rule["type"][] = ["host", "hostWildcard", "clientIp", "country"];
const ofClient: ReadonlySet<Rule["type"]> = new Set(clientsOwn);
/** What is the same below as long as only middlewares that keep it stand between. */
const ofRequest: ReadonlySet<Rule["type"]> = new Set([...clientsOwn, "path", "pathPrefix", "method"]);
const keepRequests: ReadonlySet<Middleware["type"]> = new Set([
  "basicAuth",
  "digestAuth",
  "forwardAuth",
  "externalAuth",
  "jwt",
  "ipAllowList",
  "rateLimit",
  "inFlightReq",
  "circuitBreaker",
  "retry",
  "headers",
  "headerModifier",
  "contentType",
  "passTLSClientCert",
]);

/**
 * Finds routers below others whose rule contradicts the rules above them on every way down. Only what no middleware can
 * have changed on the way is held against a rule, so that what is found is certain; not all is found.
 */
export function contradictedBelow(table: RoutedTable): Contradicted[] {
  const found: Contradicted[] = [];
  for (const [level, ways] of waysTo(table)) {
    const service = table.services[level];
    if (service?.type !== "routers" || ways.length === 0 || ways.length > MAX_WAYS) continue;
    const rules = ways.map((way) => whatComesDown(way, table));
    for (const router of service.routers) {
      // A rule that contradicts itself has no need of those above it.
      if (isImpossible([router.rule]) || !rules.every((above) => isImpossible([...above, router.rule]))) continue;
      found.push({ router, level, above: ways.flatMap((way) => way.at(-1) ?? []) });
    }
  }
  return found;
}

function waysTo({ routers, services }: RoutedTable): Map<string, Way[]> {
  const ways = new Map<string, Way[]>();
  const descend = (router: ChildRouter, above: Way): void => {
    const service = Object.hasOwn(services, router.service) ? services[router.service] : undefined;
    if (service?.type !== "routers") return;
    const known = ways.get(router.service) ?? [];
    ways.set(router.service, known);
    // One past the bound tells that there are more.
    if (known.length > MAX_WAYS || above.includes(router)) return;
    const way = [...above, router];
    known.push(way);
    for (const child of service.routers) descend(child, way);
  };
  for (const router of routers) descend(router, []);
  return ways;
}

/** What is known of every request at the end of a way: rules that all of them have met, as far as they still hold. */
function whatComesDown(way: Way, { middlewares }: RoutedTable): Rule[] {
  const rules: Rule[] = [];
  let isKept = true;
  for (const router of way.toReversed()) {
    isKept &&= router.middlewares.every((name) => keepsRequest(name, middlewares));
    rules.push(widen(router.rule, isKept ? ofRequest : ofClient, true));
  }
  return rules;
}

function keepsRequest(name: string, middlewares: Table["middlewares"], depth = 0): boolean {
  const middleware = Object.hasOwn(middlewares, name) ? middlewares[name] : undefined;
  if (middleware === undefined || depth > 10) return false;
  if (middleware.type !== "chain") return keepRequests.has(middleware.type);
  return middleware.middlewares.every((one) => keepsRequest(one, middlewares, depth + 1));
}

/** A rule that matches at least what the given one does, of the kept matchers only. */
function widen(rule: Rule, kept: ReadonlySet<Rule["type"]>, isWanted: boolean): Rule {
  switch (rule.type) {
    case "and":
    case "or":
      return { type: rule.type, rules: rule.rules.map((child) => widen(child, kept, isWanted)) };
    case "not":
      return { type: "not", rule: widen(rule.rule, kept, !isWanted) };
    default:
      if (kept.has(rule.type)) return rule;
      return isWanted ? { type: "any" } : { type: "not", rule: { type: "any" } };
  }
}

function isImpossible(rules: Rule[]): boolean {
  const rule: Rule = { type: "and", rules };
  return ruleKeys(rule).length === 0 || alternativesOf(rule)?.length === 0;
}
