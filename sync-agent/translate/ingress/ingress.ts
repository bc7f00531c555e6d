import type { Router } from "../../../src/table/router.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { TranslateObject } from "../fragment.ts";
import { normalizeName, qualify, sha256Hex } from "../names.ts";
import type { TranslateSettings } from "../settings.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { canServe } from "../traefik/can-serve.ts";
import { type Place, startFragment, within } from "../traefik/context.ts";
import { type BackendContext, buildBackend, INGRESS_PROVIDER } from "./build-backend.ts";
import { type IngressPath, type IngressSpec, readIngress } from "./ingress-schema.ts";
import { readMatchAnnotation } from "./match-annotation.ts";
import { buildPathRule, type PathRule, type PathRuleOptions } from "./path-rule.ts";
import { type RouterOptions, readRouterOptions } from "./router-annotations.ts";
import { takesIngress } from "./takes-ingress.ts";

/** Below every rule: Traefik's MinInt32. */
const DEFAULT_BACKEND_PRIORITY = -2_147_483_648;

/** An Ingress: one router a path, and one for the default backend. */
export const translateIngress: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  const place: Place = { namespace: object.metadata.namespace ?? "", path: ["spec"], report };
  if (!takesIngress(object, classNameOf(object), place, context)) return fragment;
  const spec = readIngress(object, report);
  if (spec === undefined) return fragment;
  const options = readRouterOptions(object, report, context);
  const match = readMatchAnnotation(object, report);
  if (options.entryPoints.length === 0 || match === "invalid") return fragment;
  const shared: BackendContext = {
    context,
    passHostHeader: options.passHostHeader,
    problems: fragment.problems,
    said: new Set(),
    options: new Map(),
  };
  const routers: Router[] = [];
  for (const { path, rule, name } of namePaths(object, readRules(spec.paths, { ...options, match }, settings, place))) {
    const service = buildBackend(path.backend, within(path.at, "backend"), shared);
    if (!settings.ingress.allowEmptyServices && !canServe(service, fragment.table)) continue;
    routers.push({
      ...startRouter(options),
      name,
      rule: rule.rule,
      ruleText: rule.text,
      priority: options.priority ?? rule.priority,
      tieBreaker: tieBreaker("ingress", object, path.rule.index, Number(path.at.path.at(-1))),
      service,
    });
  }
  if (spec.defaultBackend !== undefined) {
    const service = buildBackend(spec.defaultBackend.backend, spec.defaultBackend.at, shared);
    if (settings.ingress.allowEmptyServices || canServe(service, fragment.table)) {
      routers.push({
        ...startRouter(options),
        name: qualify("default-router", INGRESS_PROVIDER),
        rule: match?.rule ?? { type: "any" },
        ruleText: match?.text ?? "PathPrefix(`/`)",
        priority: DEFAULT_BACKEND_PRIORITY,
        tieBreaker: tieBreaker("ingress", object),
        service,
      });
    }
  }
  for (const router of routers) fragment.table.routers.push(...withTls(router, spec, options, settings));
  return fragment;
};

/** Read before the rest: what is wrong with an Ingress of another controller is not ours to say. */
export function classNameOf({ spec }: KubernetesObject): string | undefined {
  const name: unknown = typeof spec === "object" && spec !== null ? Reflect.get(spec, "ingressClassName") : undefined;
  return typeof name === "string" ? name : undefined;
}

const startRouter = ({ entryPoints, middlewares, closedBy, accessLogs }: RouterOptions) => ({
  entryPoints,
  tls: false,
  middlewares,
  ...(closedBy === undefined ? {} : { closedBy }),
  ...(accessLogs === undefined ? {} : { accessLogs }),
});

interface RuledPath {
  path: IngressPath;
  rule: PathRule;
}

function readRules(
  paths: readonly IngressPath[],
  { pathMatcher, pathMatcherAt, syntax, match }: RouterOptions & Pick<PathRuleOptions, "match">,
  settings: TranslateSettings,
  place: Place,
): RuledPath[] {
  const matcherAt = pathMatcherAt === undefined ? undefined : { ...place, path: pathMatcherAt.path };
  const strictPrefixMatching = settings.ingress.strictPrefixMatching ?? false;
  const seen = new Set<string>();
  return paths.flatMap((path) => {
    const rule = buildPathRule(path, { pathMatcher, matcherAt, syntax, strictPrefixMatching, match });
    if (rule === undefined) return [];
    if (seen.has(rule.text)) {
      reportDuplicate(path.at);
      return [];
    }
    seen.add(rule.text);
    return [{ path, rule }];
  });
}

/** Traefik's names, `<namespace>-<name>-<host and path>`, with a hash of the rule where two would be the same. */
function namePaths(
  { metadata: { namespace = "", name } }: KubernetesObject,
  paths: readonly RuledPath[],
): (RuledPath & { name: string })[] {
  const nameOf = ({ path: { host, path } }: RuledPath): string => normalizeName(`${namespace}-${name}-${host}${path}`);
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(nameOf(path), (counts.get(nameOf(path)) ?? 0) + 1);
  return paths.map((path) => {
    const plain = nameOf(path);
    const isShared = (counts.get(plain) ?? 0) > 1;
    const full = isShared ? `${plain}-${sha256Hex(path.rule.text).slice(0, 20)}` : plain;
    return { ...path, name: qualify(full, INGRESS_PROVIDER) };
  });
}

/**
 * Traefik reads certificates from `spec.tls` and nothing else, so that without an annotation or an entry point that
 * turns TLS on, HTTPS answers 404. Whoever writes `spec.tls` wants HTTPS: such routers stand for TLS too, and stay
 * where they are for plain HTTP.
 */
function withTls(router: Router, { tls }: IngressSpec, options: RouterOptions, settings: TranslateSettings): Router[] {
  if (options.tls !== undefined) return [{ ...router, tls: options.tls }];
  const isAsked = Array.isArray(tls) && tls.length > 0;
  const entryPoints = router.entryPoints.filter((name) => !settings.entryPoints[name]?.tls);
  if (!isAsked || entryPoints.length === 0) return [router];
  const name = router.name.replace(/@(?=[^@]*$)/, "~tls@");
  return [router, { ...router, name, entryPoints, tls: true, tieBreaker: `${router.tieBreaker} tls` }];
}

function reportDuplicate({ path, report }: Place): void {
  report({
    code: "duplicate-router",
    severity: "warning",
    path,
    message: "An earlier path of this Ingress has the same host, path and type; this one is left out",
    hint: "To split requests between Services, use a TraefikService or a HTTPRoute",
  });
}
