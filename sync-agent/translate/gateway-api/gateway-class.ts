import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { readFields } from "../read-object.ts";
import type { TranslateSettings } from "../settings.ts";
import { silent } from "../traefik/context.ts";

/** The controller that Traefik's manifests name. */
const TRAEFIK_CONTROLLER = "traefik.io/gateway-controller";
/** Classes that are taken by their names when the folder does not hold them: installations bring them. */
const conventional = new Set(["traefik", "sluice"]);

const classSchema = z.looseObject({ controllerName: z.string() });

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
  readFields(classSchema, object.spec, ["spec"], silent)?.controllerName;
