import { chooseEntryPoints } from "../choose-entry-points.ts";
import type { TranslateObject } from "../fragment.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { qualify, udpRouterName } from "../names.ts";
import { readSpec } from "../read-object.ts";
import { tieBreaker } from "../tie-breaker.ts";
import { takesClass } from "../view-objects.ts";
import { buildUdpServices } from "./build-stream-services.ts";
import { classOf } from "./class-of.ts";
import { type Place, readElements, startFragment, within } from "./context.ts";
import { ingressRouteUdpSchema, udpRouteSchema } from "./stream-route-schema.ts";

/** An IngressRouteUDP: one router a route, of which each entry point serves one. */
export const translateIngressRouteUdp: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  if (!takesClass(settings.crd.ingressClass, classOf(object))) return fragment;
  const spec = readSpec(ingressRouteUdpSchema, object, report);
  if (spec === undefined) return fragment;
  const { namespace = "", name: objectName } = object.metadata;
  const place: Place = { namespace, path: ["spec"], report, misplaced: misplacedFields.IngressRouteUDP };
  const entryPoints = chooseEntryPoints(spec.entryPoints ?? [], ["spec", "entryPoints"], settings, report, "udp");
  if (entryPoints.length === 0) return fragment;
  for (const { value: route, at } of readElements(udpRouteSchema, spec.routes, within(place, "routes"))) {
    const index = Number(at.path.at(-1));
    const name = qualify(udpRouterName(namespace, objectName, index));
    fragment.table.udpRouters.push({
      name,
      entryPoints,
      tieBreaker: tieBreaker("crd", object, index),
      service: buildUdpServices(route.services ?? [], name, within(at, "services"), context),
    });
  }
  return fragment;
};
