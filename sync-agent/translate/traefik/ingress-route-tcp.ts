import { compileTcpRule } from "../../../src/rule/compile-tcp-rule.ts";
import { parseTcpRule } from "../../../src/rule/parse-tcp-rule.ts";
import type { TcpRouter } from "../../../src/table/tcp.ts";
import type { TcpRule } from "../../../src/table/tcp-rule.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { chooseEntryPoints } from "../choose-entry-points.ts";
import type { TranslateObject } from "../fragment.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { qualify, tcpRouterName } from "../names.ts";
import { readSpec } from "../read-object.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { takesClass } from "../view-objects.ts";
import { buildTcpServices } from "./build-stream-services.ts";
import { classOf } from "./class-of.ts";
import { type Context, type Place, readElements, startFragment, within } from "./context.ts";
import { reportDuplicate } from "./ingress-route-router.ts";
import { middlewaresOfTcp } from "./middleware-tcp.ts";
import { readRule } from "./read-rule.ts";
import { ingressRouteTcpSchema, type TcpRouteSpec, tcpRouteSchema } from "./stream-route-schema.ts";
import { readTcpTls, type TcpTls } from "./tcp-tls.ts";
import { useMiddlewares } from "./use-middlewares.ts";

/** An IngressRouteTCP: one router a route, with all that it needs. */
export const translateIngressRouteTcp: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  if (!takesClass(settings.crd.ingressClass, classOf(object))) return fragment;
  const spec = readSpec(ingressRouteTcpSchema, object, report);
  if (spec === undefined) return fragment;
  const place: Place = {
    namespace: object.metadata.namespace ?? "",
    path: ["spec"],
    report,
    misplaced: misplacedFields.IngressRouteTCP,
  };
  const entryPoints = chooseEntryPoints(spec.entryPoints ?? [], ["spec", "entryPoints"], settings, report, "tcp");
  const tls = readTcpTls(spec.tls, within(place, "tls"), context);
  const seen = new Set<string>();
  for (const { value: route, at } of readElements(tcpRouteSchema, spec.routes, within(place, "routes"))) {
    if (seen.has(route.match)) reportDuplicate(at);
    else if (entryPoints.length > 0) {
      const router = buildRouter(object, route, tls, at, context);
      if (router !== undefined) fragment.table.tcpRouters.push({ ...router, entryPoints });
    }
    seen.add(route.match);
  }
  return fragment;
};

function buildRouter(
  object: KubernetesObject,
  route: TcpRouteSpec,
  { tls, closedBy: closedByTls }: TcpTls,
  place: Place,
  context: Context,
): TcpRouter | undefined {
  const rule = readRule(route, place, parseTcpRule);
  if (rule === undefined) return undefined;
  if (tls === undefined && !canMatchPlain(rule)) reportNeedsTls(place);
  const name = qualify(tcpRouterName(place.namespace, object.metadata.name, route.match));
  const { names, closedBy } = useMiddlewares(
    route.middlewares,
    within(place, "middlewares"),
    context,
    middlewaresOfTcp,
  );
  const closed = closedByTls ?? closedBy;
  return {
    name,
    entryPoints: [],
    rule,
    ruleText: route.match,
    priority: route.priority || defaultPriority(rule, route.match),
    tieBreaker: tieBreaker("crd", object, Number(place.path.at(-1))),
    middlewares: names,
    service: buildTcpServices(route.services ?? [], name, within(place, "services"), context),
    ...(tls !== undefined && { tls }),
    ...(closed !== undefined && { closedBy: closed }),
  };
}

/** The length of the rule in bytes; a rule that takes everything comes behind all others, as in Traefik. */
const defaultPriority = (rule: TcpRule, text: string): number => (rule.type === "any" ? -1 : Buffer.byteLength(text));

/** Whether a rule can match a connection of which nothing is known but where it comes from. */
function canMatchPlain(rule: TcpRule): boolean {
  switch (rule.type) {
    case "and":
      return rule.rules.every(canMatchPlain);
    case "or":
      return rule.rules.some(canMatchPlain);
    case "clientIp":
      return true;
    case "not":
      return rule.rule.type === "clientIp" || matchesNameless(rule);
    default:
      return matchesNameless(rule);
  }
}

const matchesNameless = (rule: TcpRule): boolean => compileTcpRule(rule)({ sni: "", alpn: [], clientAddress: "" });

const reportNeedsTls = ({ path, report }: Place): void =>
  report({
    code: "rule-needs-tls",
    severity: "warning",
    path: [...path, "match"],
    message: "The rule can match nothing without `spec.tls`: only TLS names the host that is wanted",
    hint: "Add `tls: {}` (or `tls: { passthrough: true }`), or match HostSNI(`*`)",
  });
