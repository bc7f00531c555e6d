import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { Context, Place } from "./context.ts";
import { findByName } from "./find-by-name.ts";
import { reportCrossNamespace } from "./report-cross-namespace.ts";

/**
 * The ServersTransport or ServersTransportTCP that a service names: of its own namespace, or `<namespace>-<name>@kubernetescrd`.
 * Undefined, with the problem reported, when there is none.
 */
export function findTransport(
  kind: "ServersTransport" | "ServersTransportTCP",
  name: string,
  place: Place,
  { objects, settings }: Context,
): KubernetesObject | undefined {
  const isLocal = !name.includes("@");
  if (!isLocal && name.endsWith("@kubernetescrd") && !settings.crd.allowCrossNamespace) {
    reportCrossNamespace(`\`${name}\``, place);
    return undefined;
  }
  const object = isLocal
    ? objects.get(kind, place.namespace, name)
    : name.endsWith("@kubernetescrd")
      ? findByName(kind, name.slice(0, name.lastIndexOf("@")), objects, place.namespace)
      : undefined;
  if (object === undefined) {
    place.report({
      code: "servers-transport-not-found",
      severity: "error",
      path: place.path,
      message: isLocal
        ? `The ${kind} \`${name}\` does not exist in the namespace \`${place.namespace}\``
        : `The ${kind} \`${name}\` does not exist`,
      hint: "Create it there, or leave `serversTransport` out",
      refersTo: { kind, namespace: place.namespace, name },
    });
  }
  return object;
}
