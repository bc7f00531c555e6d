import { parseRule } from "../../../src/rule/parse-rule.ts";
import type { ChildRouter } from "../../../src/table/router.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { distinctName } from "../distinct-name.ts";
import { qualify, routerName } from "../names.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { buildService, unavailable } from "./build-service.ts";
import { buildWeighted, isTooLarge } from "./build-traefik-service.ts";
import { canServe } from "./can-serve.ts";
import { type Context, type Place, readElements, silent, within } from "./context.ts";
import { type IngressRouteSpec, type RouteSpec, routeSchema } from "./ingress-route-schema.ts";
import { readRule } from "./read-rule.ts";
import { readObjectClientKey } from "./service-client-key.ts";
import { serviceSchema } from "./service-schema.ts";
import { useMiddlewares } from "./use-middlewares.ts";

/** A route of an IngressRoute, and what decides between it and others before anything of it is built. */
export interface ReadRoute extends Pick<ChildRouter, "priority" | "tieBreaker"> {
  readonly route: RouteSpec;
  readonly at: Place;
}

/** The routes of an IngressRoute that can be read, each rule once. */
export function readRoutes(object: KubernetesObject, spec: IngressRouteSpec, place: Place): ReadRoute[] {
  const seen = new Set<string>();
  return readElements(routeSchema, spec.routes, within(place, "routes")).flatMap(({ value: route, at }) => {
    if (seen.has(route.match)) {
      reportDuplicate(at);
      return [];
    }
    seen.add(route.match);
    const priority = route.priority || Buffer.byteLength(route.match);
    return [{ route, at, priority, tieBreaker: tieBreaker("crd", object, Number(at.path.at(-1))) }];
  });
}

/**
 * The router of a route, what it refers to being put into the fragment's table. Undefined when its rule does not parse, or
 * when nobody serves it and `allowEmptyServices` is off.
 *
 * @param below the service that the routers below the object are, where there are any: of routes that name none themselves
 */
export function buildRouter(
  object: KubernetesObject,
  { route, at, priority, tieBreaker: order }: ReadRoute,
  below: string | undefined,
  context: Context,
): ChildRouter | undefined {
  const rule = readRule(route, at, parseRule);
  if (rule === undefined) return undefined;
  const name = qualify(routerName(at.namespace, object.metadata.name, route.match));
  const { names, closedBy } = useMiddlewares(route.middlewares, within(at, "middlewares"), context);
  const isParent = below !== undefined && takesRoutes(route);
  const service = isParent ? below : buildRouteService(route, name, at, context, object);
  if (!isParent && !context.settings.crd.allowEmptyServices && !canServe(service, context.table)) return undefined;
  return {
    name,
    rule,
    ruleText: route.match,
    priority,
    tieBreaker: order,
    middlewares: names,
    service,
    ...(closedBy === undefined ? {} : { closedBy }),
  };
}

/** Whether routes of other objects can stand below a route: what has services of its own sends requests there. */
export const takesRoutes = ({ services }: { readonly services?: unknown }): boolean =>
  services === undefined || services === null || (Array.isArray(services) && services.length === 0);

/** One service is named after the router; several become the children of a weighted service that is. */
function buildRouteService(
  route: RouteSpec,
  routerName: string,
  place: Place,
  context: Context,
  object: KubernetesObject,
): string {
  const at = within(place, "services");
  const services = route.services ?? [];
  const name = distinctName("services", routerName, "a router's own", context);
  if (services.length === 0) {
    const message =
      "The route has no services, and no other route that could be served names this object in its `parentRefs`; requests get 503";
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
  if (weighted === undefined || isTooLarge(weighted, at, context)) return unavailable(context);
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
