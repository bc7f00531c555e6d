import type { Router } from "../../../src/table/router.ts";
import type { ClientKey } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { emptyFragment, type TranslateObject } from "../fragment.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { normalizeName, qualify, sha256Hex } from "../names.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { type Report, readSpec } from "../read-object.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { type Context, type Place, readElements, startFragment, within } from "../traefik/context.ts";
import { readObjectClientKey } from "../traefik/service-client-key.ts";
import { attachRoute } from "./attach-route.ts";
import type { Attachment } from "./attachment.ts";
import { buildBackends, buildMirror, invalidBackend, wrapMirrors } from "./build-backends.ts";
import { buildFilters, type FilterScope, putMiddleware } from "./build-filters.ts";
import { joinRule, type RouteMatch } from "./match-rule.ts";
import { GATEWAY_PROVIDER } from "./put-named.ts";
import { readHosts } from "./read-hosts.ts";
import type { RouteKind } from "./route-kind.ts";
import { type RuleSpec, routeSchema } from "./route-schema.ts";
import { readRuleRetry, readTimeouts } from "./rule-limits.ts";
import { readSessionPersistence } from "./session-persistence.ts";
import { reportUnusedFields } from "./unused-fields.ts";

/**
 * A route of requests, of any of their kinds: a router for each host and match of its rules, on each entry point where
 * it is served.
 */
export const translateRoute =
  (kind: RouteKind): TranslateObject =>
  (object, objects, settings) => {
    const { fragment, report: reportAlways, context } = startFragment(object, objects, settings);
    const report = reportOnce(reportAlways);
    const spec = readSpec(routeSchema, object, report);
    if (spec === undefined) return fragment;
    const place: Place = {
      namespace: object.metadata.namespace ?? "",
      path: ["spec"],
      report,
      misplaced: misplacedFields[kind.kind],
    };
    const attachments = attachRoute(kind.kind, spec.parentRefs, readHosts(spec.hostnames, place), place, context);
    // What is wrong with a route of another controller is not ours to say.
    if (attachments === undefined) return emptyFragment();
    reportUnusedFields(object, report);
    const clientKey = readObjectClientKey(object, report);
    const rules = readElements(kind.ruleSchema, spec.rules ?? [{}], within(place, "rules"));
    const matches = rules.reduce((sum, { value }) => sum + Math.max(1, value.matches.length), 0);
    if (matches * attachments.length > MOST_ROUTERS) {
      reportTooMany(matches, attachments.length, place);
      return fragment;
    }
    for (const { value: rule, at } of rules) {
      fragment.table.routers.push(...buildRule(kind, object, rule, at, { attachments, clientKey }, context));
    }
    return fragment;
  };

/** Of one route: it has a router for each match on each host, and may ask for millions in a few lines. */
const MOST_ROUTERS = 10_000;

const reportTooMany = (matches: number, hosts: number, { path, report }: Place): void =>
  report({
    code: "too-many-routes",
    severity: "error",
    path,
    message: `The route is left out: it has ${matches} matches, each for ${hosts} hosts of listeners, which is more than ${MOST_ROUTERS} together`,
    hint: "Name fewer listeners in `parentRefs`, or make several routes of it",
  });

/** Rules are built once for each match and listener; what is wrong with them is said once. */
function reportOnce(report: Report): Report {
  const said = new Set<string>();
  return (problem) => {
    const key = `${problem.code} ${problem.path.join("\0")} ${problem.message}`;
    if (said.has(key)) return;
    said.add(key);
    report(problem);
  };
}

/** Stands behind rules whose redirect answers everything. */
const NOOP_SERVICE = "noop@internal";

/** What a rule does with a request, once its match and listener are known. */
interface Target {
  middlewares: string[];
  service: string;
  closedBy?: ProblemCode;
}

/** What the rules of a route share. */
interface RouteParts {
  attachments: readonly Attachment[];
  clientKey: ClientKey | undefined;
}

function buildRule(
  kind: RouteKind,
  object: KubernetesObject,
  rule: RuleSpec,
  place: Place,
  { attachments, clientKey }: RouteParts,
  context: Context,
): Router[] {
  const ruleIndex = Number(place.path.at(-1));
  const name = normalizeName(`${kind.kind.toLowerCase()}-${place.namespace}-${object.metadata.name}-${ruleIndex}`);
  const targets = new Map<string, Target>();
  const targetOf = (prefix: string | undefined, port: number): Target => {
    const key = JSON.stringify([prefix, port]);
    const scope = { kind, name, prefix, port, context, buildMirror: mirror, ...(clientKey && { clientKey }) };
    const target = targets.get(key) ?? buildTarget(rule, place, scope);
    targets.set(key, target);
    return target;
  };
  const mirror: FilterScope["buildMirror"] = (ref, at) => buildMirror(ref, at, kind, context);
  const routers = new Map<string, Router>();
  for (const { match, index } of kind.readMatches(rule.matches, place)) {
    // A route that is served nowhere still says which of its references lead nowhere.
    if (attachments.length === 0) targetOf(match.prefix, 80);
    for (const attachment of attachments) {
      const router = buildRouter(kind, match, attachment, targetOf(match.prefix, attachment.port));
      const { entryPoint, tls, routeHost, except } = attachment;
      const hash = sha256Hex(JSON.stringify([router, routeHost, except, tls])).slice(0, 12);
      const key = `${index}-${hash}`;
      const earlier = routers.get(key);
      if (earlier !== undefined) earlier.entryPoints.push(entryPoint);
      else {
        routers.set(key, {
          ...router,
          name: qualify(`${name}-${key}`, GATEWAY_PROVIDER),
          entryPoints: [entryPoint],
          tieBreaker: `${tieBreaker("gateway", object, ruleIndex, index)} ${hash}`,
        });
      }
    }
  }
  return [...routers.values()];
}

function buildRouter(
  kind: RouteKind,
  match: RouteMatch,
  { tls, host, routeHost, except }: Attachment,
  target: Target,
): Omit<Router, "name" | "entryPoints" | "tieBreaker"> {
  const { rule, text } = joinRule(match, host, except);
  return { tls, rule, ruleText: text, priority: kind.priorityOf({ ...match, host, routeHost }), ...target };
}

function buildTarget(rule: RuleSpec, place: Place, scope: FilterScope): Target {
  const { context, name } = scope;
  const filters = buildFilters(rule.filters, within(place, "filters"), { ...scope, name: `${name}-filter` });
  if ("failed" in filters) {
    const { closedBy } = filters.failed;
    const service = invalidBackend(context);
    return { middlewares: [], service, ...(closedBy === undefined ? {} : { closedBy }) };
  }
  const { middlewares, mirrors, redirects } = filters;
  const refs = within(place, "backendRefs");
  if (rule.backendRefs.length === 0) {
    if (!redirects) reportNoBackends(place);
    else context.table.services[NOOP_SERVICE] = { type: "status", status: 418 };
    return { middlewares, service: redirects ? NOOP_SERVICE : invalidBackend(context) };
  }
  const sessionAt = within(place, "sessionPersistence");
  const session = { serviceName: qualify(name, GATEWAY_PROVIDER), prefix: scope.prefix };
  const sticky = readSessionPersistence(rule.sessionPersistence, session, sessionAt);
  const service = buildBackends(rule.backendRefs, refs, scope, sticky);
  const limits = buildLimits(rule, place, scope);
  return {
    middlewares: [...limits.outer, ...middlewares, ...limits.inner],
    service: wrapMirrors(service, mirrors, scope),
  };
}

/** The middlewares of a rule's timeouts, which are for all of its answer, and of its retry, which is for Pods. */
function buildLimits(rule: RuleSpec, place: Place, scope: FilterScope): { outer: string[]; inner: string[] } {
  const timeouts = readTimeouts(rule.timeouts, within(place, "timeouts"));
  const retry = readRuleRetry(rule.retry, within(place, "retry"));
  return {
    outer: timeouts === undefined ? [] : [putMiddleware(timeouts, scope)],
    inner: retry === undefined ? [] : [putMiddleware(retry, scope)],
  };
}

function reportNoBackends({ path, report }: Place): void {
  report({
    code: "backend-not-found",
    severity: "error",
    path,
    message: "The rule has neither backendRefs nor a redirect; its requests get 500",
    hint: "Add `backendRefs`",
  });
}
