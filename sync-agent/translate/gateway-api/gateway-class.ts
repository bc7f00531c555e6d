import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import type { TranslateObject } from "../fragment.ts";
import { readFields, readSpec } from "../read-object.ts";
import type { TranslateSettings } from "../settings.ts";
import { silent, startFragment } from "../traefik/context.ts";
import { reportUnusedFields } from "./unused-fields.ts";

/** The controller that Traefik's manifests name. */
const TRAEFIK_CONTROLLER = "traefik.io/gateway-controller";
/** Classes that are taken by their names when the folder does not hold them: installations bring them. */
const conventional = new Set(["traefik", "sluice"]);

/** https://gateway-api.sigs.k8s.io/reference/spec/#gatewayclassspec */
export const gatewayClassSchema = z.object({
  controllerName: z.string(),
  description: z.string().optional(),
  parametersRef: z.unknown().optional(),
});

/** A GatewayClass by itself: its problems, when it is ours. */
export const translateGatewayClass: TranslateObject = (object, objects, settings) => {
  const { fragment, report } = startFragment(object, objects, settings);
  if (!ownControllers(settings).has(controllerName(object) ?? "")) return fragment;
  readSpec(gatewayClassSchema, object, report);
  reportUnusedFields(object, report);
  return fragment;
};

/** `ours`; `ours-by-name` without the class's object; `absent`, or `foreign`: of another controller. */
export type ClassState = "ours" | "ours-by-name" | "absent" | "foreign";

/** Whose Gateways those of a class are. */
export function classState(className: string, objects: ObjectReader, settings: TranslateSettings): ClassState {
  const found = objects.get("GatewayClass", "", className);
  if (found === undefined) return conventional.has(className) ? "ours-by-name" : "absent";
  return ownControllers(settings).has(controllerName(found) ?? "") ? "ours" : "foreign";
}

/** The controllers whose GatewayClasses are ours. */
export const ownControllers = ({ gatewayControllerName }: TranslateSettings): ReadonlySet<string> =>
  new Set([gatewayControllerName, TRAEFIK_CONTROLLER]);

/** What a GatewayClass names; undefined when it cannot be read. */
export const controllerName = (object: KubernetesObject): string | undefined =>
  readFields(gatewayClassSchema, object.spec, ["spec"], silent)?.controllerName;
