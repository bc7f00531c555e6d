import { parseRule } from "../../../src/rule/parse-rule.ts";
import type { Router } from "../../../src/table/router.ts";
import type { Service } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { chooseEntryPoints } from "../choose-entry-points.ts";
import type { TranslateObject } from "../fragment.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { qualify, routerName } from "../names.ts";
import { readSpec } from "../read-object.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { useCertificate } from "../tls/use-certificate.ts";
import { INGRESS_CLASS_ANNOTATION, takesClass } from "../view-objects.ts";
import { buildService, unavailable } from "./build-service.ts";
import { buildWeighted } from "./build-traefik-service.ts";
import { canServe } from "./can-serve.ts";
import { type Context, type Place, readElements, silent, startFragment, within } from "./context.ts";
import { type IngressRouteSpec, ingressRouteSchema, type RouteSpec, routeSchema } from "./ingress-route-schema.ts";
import { readRule } from "./read-rule.ts";
import { checkTls } from "./route-tls.ts";
import { readObjectClientKey, reportClientKey } from "./service-client-key.ts";
import { serviceSchema } from "./service-schema.ts";
import { useMiddlewares } from "./use-middlewares.ts";

/** An IngressRoute: one router a route, with all that it needs. */
export const translateIngressRoute: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  if (!takesClass(settings.crd.ingressClass, classOf(object))) return fragment;
  const spec = readSpec(ingressRouteSchema, object, report);
  if (spec === undefined) return fragment;
  const place: Place = {
    namespace: object.metadata.namespace ?? "",
    path: ["spec"],
    report,
    misplaced: misplacedFields.IngressRoute,
  };
  if (spec.parentRefs !== undefined && spec.parentRefs.length > 0) {
    report({
      code: "unsupported-field",
      severity: "error",
      path: ["spec", "parentRefs"],
      message: "Routes below other routes are not supported yet; these are left out, since their parents guard them",
      hint: "Write the parent's rule and middlewares into each route",
    });
    return fragment;
  }
  const clientKey = readObjectClientKey(object, report);
  if (clientKey !== undefined && !spec.routes.some(hasSeveralServices)) reportClientKey(report);
  const entryPoints = chooseEntryPoints(spec.entryPoints ?? [], ["spec", "entryPoints"], settings, report);
  const closedByTls = checkTls(spec.tls, place, context);
  const seen = new Set<string>();
  for (const { value: route, at } of readElements(routeSchema, spec.routes, within(place, "routes"))) {
    if (seen.has(route.match)) reportDuplicate(at);
    else if (entryPoints.length > 0) {
      const router = buildRouter(object, spec, route, at, context);
      if (router !== undefined) {
        fragment.table.routers.push({
          ...router,
          entryPoints,
          ...(closedByTls === undefined ? {} : { closedBy: closedByTls }),
        });
      }
    }
    seen.add(route.match);
  }
  const { secretName } = spec.tls ?? {};
  if (secretName && takesCalls(fragment.table.services)) {
    const path = ["spec", "tls", "secretName"];
    useCertificate({ namespace: place.namespace, secretName, path, report }, context);
  }
  return fragment;
};

/** Whether calls of gRPC may come in by the routes: those reach the relay, which ends their TLS with a certificate of its own. */
const takesCalls = (services: Readonly<Record<string, Service>>): boolean =>
  Object.values(services).some((service) => service.type === "loadBalancer" && service.scheme === "h2c");

/** The class of an IngressRoute: the annotation goes before the field, as for an Ingress. */
export function classOf({ metadata, spec }: KubernetesObject): string {
  const annotation = metadata.annotations?.[INGRESS_CLASS_ANNOTATION];
  if (annotation !== undefined) return annotation;
  const field: unknown = typeof spec === "object" && spec !== null ? Reflect.get(spec, "ingressClassName") : undefined;
  return typeof field === "string" ? field : "";
}

function buildRouter(
  object: KubernetesObject,
  spec: IngressRouteSpec,
  route: RouteSpec,
  place: Place,
  context: Context,
): Router | undefined {
  const rule = readRule(route, place, parseRule);
  if (rule === undefined) return undefined;
  const name = qualify(routerName(place.namespace, object.metadata.name, route.match));
  const { names, closedBy } = useMiddlewares(route.middlewares, within(place, "middlewares"), context);
  const service = buildRouteService(route, name, place, context, object);
  if (!context.settings.crd.allowEmptyServices && !canServe(service, context.table)) return undefined;
  reportObservability(route, place);
  const { accessLogs } = route.observability ?? {};
  return {
    name,
    entryPoints: [],
    tls: spec.tls !== undefined,
    rule,
    ruleText: route.match,
    priority: route.priority || Buffer.byteLength(route.match),
    tieBreaker: tieBreaker("crd", object, Number(place.path.at(-1))),
    middlewares: names,
    service,
    ...(closedBy === undefined ? {} : { closedBy }),
    ...(accessLogs === undefined ? {} : { accessLogs }),
  };
}

/** What is counted and traced is not chosen by route. */
function reportObservability({ observability = {} }: RouteSpec, { path, report }: Place): void {
  for (const name of ["metrics", "tracing", "traceVerbosity"] as const) {
    if (observability[name] === undefined) continue;
    report({
      code: "unsupported-field",
      severity: "notice",
      path: [...path, "observability", name],
      message: `\`observability.${name}\` has no effect yet`,
    });
  }
}

function hasSeveralServices(route: unknown): boolean {
  const services: unknown = typeof route === "object" && route !== null ? Reflect.get(route, "services") : undefined;
  return Array.isArray(services) && services.length > 1;
}

/** One service is named after the router; several become the children of a weighted service that is. */
function buildRouteService(
  route: RouteSpec,
  name: string,
  place: Place,
  context: Context,
  object: KubernetesObject,
): string {
  const at = within(place, "services");
  const services = route.services ?? [];
  if (services.length === 0) {
    const message = "The route has no services; requests get 503";
    const hint = "A route that only redirects can name `noop@internal` of the kind TraefikService";
    place.report({ code: "invalid-field", severity: "error", path: place.path, message, hint });
    return unavailable(context);
  }
  if (services.length === 1) {
    const [only] = readElements(serviceSchema, services, at);
    return (only && buildService(only.value, only.at, context, name)?.name) ?? unavailable(context);
  }
  const clientKey = readObjectClientKey(object, silent);
  const weighted = buildWeighted(services, at, context, clientKey && { clientKey });
  if (weighted === undefined) return unavailable(context);
  context.table.services[name] = weighted;
  return name;
}

/** A second route of one object with the same rule. */
export function reportDuplicate({ path, report }: Place): void {
  report({
    code: "duplicate-router",
    severity: "warning",
    path: [...path, "match"],
    message: "An earlier route of this object has the same rule; this one is left out",
    hint: "Put the services into one route, or tell the rules apart",
  });
}
