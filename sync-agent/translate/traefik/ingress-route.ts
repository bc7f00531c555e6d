import type { Service } from "../../../src/table/service.ts";
import { chooseEntryPoints } from "../choose-entry-points.ts";
import type { TranslateObject } from "../fragment.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { readSpec } from "../read-object.ts";
import { emptyPart } from "../table-part.ts";
import { useCertificate } from "../tls/use-certificate.ts";
import { takesClass } from "../view-objects.ts";
import { checkParents } from "./check-parents.ts";
import { classOf } from "./class-of.ts";
import { type Place, startFragment } from "./context.ts";
import { buildBelow } from "./ingress-route-children.ts";
import { hasPlaces, isChild, rootFieldsOf } from "./ingress-route-parents.ts";
import { buildRouter, readRoutes } from "./ingress-route-router.ts";
import { ingressRouteSchema, type RouteSpec } from "./ingress-route-schema.ts";
import { checkTls } from "./route-tls.ts";
import { readObjectClientKey, reportClientKey } from "./service-client-key.ts";

/**
 * An IngressRoute: one router a route, with all that it needs, the routers below it among that. One that stands below
 * others itself is built to see what is wrong with it; it comes into the table with those that stand above it.
 */
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
  const isBelowOthers = isChild(spec);
  if (isBelowOthers) checkParents(object, spec, place, context);
  if (isBelowOthers && rootFieldsOf(spec).length > 0) return fragment;
  const clientKey = readObjectClientKey(object, report);
  if (clientKey !== undefined && !spec.routes.some(hasSeveralServices)) reportClientKey(report);
  const below = hasPlaces(spec) ? buildBelow(object, place, context) : undefined;
  if (isBelowOthers) {
    for (const read of readRoutes(object, spec, place)) {
      buildRouter(object, read, below?.service, context);
      reportObservability(read.route, ["accessLogs", ...notByRoute], read.at, "is that of the route at the top");
    }
    fragment.table = emptyPart();
    return fragment;
  }

  const entryPoints = chooseEntryPoints(spec.entryPoints ?? [], ["spec", "entryPoints"], settings, report);
  const closedByTls = checkTls(spec.tls, place, context);
  for (const read of readRoutes(object, spec, place)) {
    const router = entryPoints.length > 0 ? buildRouter(object, read, below?.service, context) : undefined;
    if (router === undefined) continue;
    reportObservability(read.route, notByRoute, read.at, "has no effect yet");
    const { accessLogs } = read.route.observability ?? {};
    const { closedBy: closedByMiddleware, ...open } = router;
    const closedBy = closedByTls ?? closedByMiddleware;
    // What closes it comes last, as where an entry point does.
    fragment.table.routers.push({
      ...open,
      entryPoints,
      tls: spec.tls !== undefined,
      ...(accessLogs === undefined ? {} : { accessLogs }),
      ...(closedBy === undefined ? {} : { closedBy }),
    });
  }
  below?.lay();
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

/** What is counted and traced is not chosen by route. */
const notByRoute = ["metrics", "tracing", "traceVerbosity"] as const;

function reportObservability(
  { observability = {} }: RouteSpec,
  fields: readonly (keyof NonNullable<RouteSpec["observability"]>)[],
  { path, report }: Place,
  what: string,
): void {
  for (const name of fields) {
    if (observability[name] === undefined) continue;
    report({
      code: "unsupported-field",
      severity: "notice",
      path: [...path, "observability", name],
      message: `\`observability.${name}\` ${what}`,
    });
  }
}

function hasSeveralServices(route: unknown): boolean {
  const services: unknown = typeof route === "object" && route !== null ? Reflect.get(route, "services") : undefined;
  return Array.isArray(services) && services.length > 1;
}
