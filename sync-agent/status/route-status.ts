import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import { attachToParent, type ParentOutcome } from "../translate/gateway-api/attach-to-parent.ts";
import { controllerName, ownControllers } from "../translate/gateway-api/gateway-class.ts";
import { readGateway } from "../translate/gateway-api/read-gateway.ts";
import { readHosts } from "../translate/gateway-api/read-hosts.ts";
import { parentRefSchema } from "../translate/gateway-api/route-schema.ts";
import type { Problem } from "../translate/problem.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import { type Place, readElements, silent } from "../translate/traefik/context.ts";
import type { Condition } from "./condition.ts";
import { judgeRules } from "./judge-rules.ts";
import type { ParentContent, StatusContent } from "./status-content.ts";

export interface RouteStatus {
  content: Extract<StatusContent, { type: "route" }>;
  /** The listeners that the route is attached to and accepted by. */
  attached: readonly { gateway: KubernetesObject; listener: string }[];
}

type OurOutcome = Extract<ParentOutcome, { state: "refused" | "attached" }>;

/**
 * The status of a route: an entry for each parentRef to a Gateway of ours. `problems` are those of its translation.
 */
export function routeStatus(
  kind: Kind,
  route: KubernetesObject,
  problems: readonly Problem[],
  { objects, settings }: { objects: ObjectReader; settings: TranslateSettings },
): RouteStatus {
  const observedGeneration = route.metadata.generation ?? 0;
  const controllers = ownControllers(settings);
  const parents: ParentContent[] = [];
  const attached = new Map<string, { gateway: KubernetesObject; listener: string }>();
  for (const { parentRef, outcome } of outcomesOf(kind, route, objects, settings)) {
    const conditions = conditionsOf(outcome, route, problems);
    const gatewayClass = objects.get("GatewayClass", "", readGateway(outcome.gateway).className);
    parents.push({
      parentRef,
      controllerName: (gatewayClass && controllerName(gatewayClass)) ?? settings.gatewayControllerName,
      conditions: conditions.map((condition) => ({ ...condition, observedGeneration })),
    });
    if (outcome.state !== "attached" || conditions[0]?.status !== "True") continue;
    const { gateway } = outcome;
    const { namespace = "", name } = gateway.metadata;
    for (const { listener } of outcome.attachments) {
      attached.set(JSON.stringify([namespace, name, listener]), { gateway, listener });
    }
  }
  return { content: { type: "route", parents, controllers }, attached: [...attached.values()] };
}

function outcomesOf(
  kind: Kind,
  route: KubernetesObject,
  objects: ObjectReader,
  settings: TranslateSettings,
): { parentRef: object; outcome: OurOutcome }[] {
  const place: Place = { namespace: route.metadata.namespace ?? "", path: ["spec"], report: silent };
  const parentRefs = listOf(route.spec, "parentRefs");
  const hosts = readHosts(listOf(route.spec, "hostnames"), place);
  return readElements(parentRefSchema, parentRefs, place).flatMap(({ value, at }) => {
    const outcome = attachToParent(kind, value, hosts, at, { objects, settings });
    const parentRef = parentRefs[Number(at.path.at(-1))];
    const isOurs = outcome.state === "refused" || outcome.state === "attached";
    return isOurs && typeof parentRef === "object" && parentRef !== null ? [{ parentRef, outcome }] : [];
  });
}

function listOf(spec: unknown, field: string): unknown[] {
  const list: unknown = typeof spec === "object" && spec !== null ? Reflect.get(spec, field) : undefined;
  return Array.isArray(list) ? list : [];
}

type UndatedCondition = Omit<Condition, "observedGeneration">;

/** `Accepted` comes first. */
function conditionsOf(outcome: OurOutcome, route: KubernetesObject, problems: readonly Problem[]): UndatedCondition[] {
  const { invalid, partly, unresolved } = judgeRules(route, problems);
  const accepted: UndatedCondition =
    outcome.state === "refused"
      ? { type: "Accepted", status: "False", reason: outcome.reason, message: outcome.message }
      : invalid !== undefined
        ? { type: "Accepted", status: "False", reason: "UnsupportedValue", message: invalid }
        : { type: "Accepted", status: "True", reason: "Accepted", message: "The Gateway takes the route" };
  const resolved: UndatedCondition =
    unresolved === undefined
      ? { type: "ResolvedRefs", status: "True", reason: "ResolvedRefs", message: "All references are resolved" }
      : { type: "ResolvedRefs", status: "False", ...unresolved };
  if (accepted.status !== "True" || partly === undefined) return [accepted, resolved];
  const partiallyInvalid: UndatedCondition = {
    type: "PartiallyInvalid",
    status: "True",
    reason: "UnsupportedValue",
    message: partly,
  };
  return [accepted, resolved, partiallyInvalid];
}
