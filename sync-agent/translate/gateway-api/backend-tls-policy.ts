import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { emptyFragment, type TranslateObject } from "../fragment.ts";
import { readService } from "../kubernetes/read-service.ts";
import { nearestName } from "../nearest-name.ts";
import type { TranslateSettings } from "../settings.ts";
import { type Place, startFragment, within } from "../traefik/context.ts";
import { isCoreGroup, type PolicyTarget, policyTargets } from "./backend-tls-policy-schema.ts";
import { findRival } from "./find-backend-tls-policy.ts";
import { controllerName, ownControllers } from "./gateway-class.ts";
import { readBackendTls } from "./read-backend-tls.ts";
import { reportUnusedFields } from "./unused-fields.ts";

/** A BackendTLSPolicy by itself: its problems. What it says is read by the routes that refer to its Services. */
export const translateBackendTlsPolicy: TranslateObject = (object, objects, settings) => {
  if (isOfOthers(objects, settings)) return emptyFragment();
  const { fragment, report } = startFragment(object, objects, settings);
  readBackendTls(object, objects, report);
  reportUnusedFields(object, report);
  const place: Place = { namespace: object.metadata.namespace ?? "", path: ["spec", "targetRefs"], report };
  reportForeignTargets(object, place);
  for (const target of policyTargets(object)) {
    reportTarget(target, within(place, target.index), objects);
    reportRival(object, target, within(place, target.index), objects);
  }
  return fragment;
};

/** Policies name no controller. Where there are only Gateways of others, theirs it is to say what is wrong. */
function isOfOthers(objects: ObjectReader, settings: TranslateSettings): boolean {
  const classes = [...objects.list("GatewayClass")];
  return classes.length > 0 && !classes.some((one) => ownControllers(settings).has(controllerName(one) ?? ""));
}

function reportForeignTargets({ spec }: KubernetesObject, place: Place): void {
  const refs: unknown = typeof spec === "object" && spec !== null ? Reflect.get(spec, "targetRefs") : undefined;
  for (const [index, ref] of (Array.isArray(refs) ? refs : []).entries()) {
    const field = (name: string): string => {
      const value: unknown = typeof ref === "object" && ref !== null ? Reflect.get(ref, name) : undefined;
      return typeof value === "string" ? value : "";
    };
    const [group, kind] = [field("group"), field("kind")];
    if (kind === "" || (kind === "Service" && isCoreGroup(group))) continue;
    const { path, report } = within(place, index, "kind");
    const message = `It does not hold for a ${kind.slice(0, 60)}${isCoreGroup(group) ? "" : ` of \`${group.slice(0, 60)}\``}`;
    report({
      code: "unsupported-field",
      severity: "warning",
      path,
      message,
      hint: 'Name a Service, in the group `""`',
    });
  }
}

function reportTarget({ name, sectionName }: PolicyTarget, place: Place, objects: ObjectReader): void {
  const { namespace, path, report } = place;
  const service = objects.get("Service", namespace, name);
  if (service === undefined) {
    report({
      code: "service-not-found",
      severity: "warning",
      path: [...path, "name"],
      message: `The Service \`${name}\` does not exist in the namespace \`${namespace}\`: the policy has nothing to hold for`,
      hint: "A policy lies in the namespace of its Services",
      refersTo: { kind: "Service", namespace, name },
    });
    return;
  }
  const ports = readService(service).spec.ports.flatMap((port) => port.name ?? []);
  if (sectionName === undefined || ports.includes(sectionName)) return;
  const guess = nearestName(sectionName, ports);
  report({
    code: "service-port-not-found",
    severity: "warning",
    path: [...path, "sectionName"],
    message: `The Service \`${name}\` has no port with the name \`${sectionName}\`: the policy has nothing to hold for`,
    hint: guess === undefined ? "Write the name of a port, not its number" : `Did you mean \`${guess}\`?`,
    refersTo: { kind: "Service", namespace, name, port: sectionName },
  });
}

function reportRival(
  policy: KubernetesObject,
  target: PolicyTarget,
  { namespace, path, report }: Place,
  objects: ObjectReader,
): void {
  const rival = findRival(policy, target, objects);
  if (rival === undefined) return;
  const port = target.sectionName === undefined ? "" : `the port \`${target.sectionName}\` of `;
  report({
    code: "policy-conflict",
    severity: "warning",
    path,
    message: `For ${port}the Service \`${target.name}\` the BackendTLSPolicy \`${rival.metadata.name}\` holds, which is older or comes first by name`,
    hint: "Keep one of them",
    refersTo: { kind: "BackendTLSPolicy", namespace, name: rival.metadata.name },
  });
}
