import type { Kind, KubernetesObject } from "../../source/kubernetes-object.ts";
import { suggestName } from "../nearest-name.ts";
import type { Context, Place } from "../traefik/context.ts";
import type { Attachment } from "./attachment.ts";
import { findEntryPoint } from "./find-entry-point.ts";
import { classState } from "./gateway-class.ts";
import { covers, intersectHostnames } from "./hostnames.ts";
import { listenerKinds } from "./listener-kinds.ts";
import { selectsNamespace } from "./namespace-selector.ts";
import { type GatewaySpec, type Listener, readGateway } from "./read-gateway.ts";
import type { ParentRef } from "./route-schema.ts";

/** Reasons of a route's condition `Accepted` (https://gateway-api.sigs.k8s.io/reference/spec/#routeconditionreason). */
type RefusalReason = "NotAllowedByListeners" | "NoMatchingListenerHostname" | "NoMatchingParent";

/** An attachment with the name of the listener that it is made through. */
interface ListenerAttachment extends Attachment {
  listener: string;
}

/**
 * What becomes of one parentRef. `foreign`: a Gateway of another controller, or a Service of a mesh. `unknown`: nothing that anybody is known
 * to serve. `refused`: a Gateway of ours does not take the route.
 */
export type ParentOutcome =
  | { state: "foreign" }
  | { state: "unknown" }
  | { state: "refused"; gateway: KubernetesObject; reason: RefusalReason; message: string }
  | { state: "attached"; gateway: KubernetesObject; attachments: readonly ListenerAttachment[] };

export const GATEWAY_GROUP = "gateway.networking.k8s.io";

/** Attaches a route to one parent. Reports why it is served nowhere, unless the Gateway's own problems say so. */
export function attachToParent(
  kind: Kind,
  parent: ParentRef,
  routeHosts: readonly string[],
  place: Place,
  { objects, settings }: Pick<Context, "objects" | "settings">,
): ParentOutcome {
  // A route of a service mesh (https://gateway-api.sigs.k8s.io/mesh/): what it is for is not ours to say.
  if (parent.group === "" && parent.kind === "Service") return { state: "foreign" };
  if (parent.group !== GATEWAY_GROUP || parent.kind !== "Gateway") {
    reportParent(place, `A route cannot be attached to a ${parent.kind} yet`, "Name a Gateway");
    return { state: "unknown" };
  }
  const namespace = parent.namespace || place.namespace;
  const gateway = objects.get("Gateway", namespace, parent.name);
  if (gateway === undefined) {
    reportNoGateway(parent, namespace, place);
    return { state: "unknown" };
  }
  const spec = readGateway(gateway);
  const state = classState(spec.className, objects, settings);
  if (state === "foreign") return { state };
  if (state === "absent") {
    const message = `The Gateway \`${parent.name}\` is not served: it has no GatewayClass`;
    reportParent(place, message, "See the Gateway's problems");
    return { state: "unknown" };
  }
  const refuse = (reason: RefusalReason, message: string, hint: string): ParentOutcome => {
    reportParent(place, message, hint);
    return { state: "refused", gateway, reason, message };
  };
  const named = spec.listeners.filter(
    ({ name, port }) =>
      (!parent.sectionName || name === parent.sectionName) && (parent.port === undefined || port === parent.port),
  );
  if (named.length === 0) {
    const { message, hint } = noListener(parent, spec);
    return refuse("NoMatchingParent", message, hint);
  }
  const open = named.filter((listener) => takesRoute(listener, kind, gateway, place.namespace, objects));
  if (!named.some((listener) => listenerKinds(listener).includes(kind))) {
    const message = `No listener of the Gateway \`${parent.name}\` has a protocol that ${kind}s are for`;
    return refuse("NotAllowedByListeners", message, `Add one with \`protocol: ${protocolsOf[kind] ?? "HTTP"}\``);
  }
  if (open.length === 0) {
    const message = `No listener of the Gateway \`${parent.name}\` takes ${kind}s of the namespace \`${place.namespace}\``;
    const hint = "Set `allowedRoutes.namespaces.from: All` on the listener, or move the route";
    return refuse("NotAllowedByListeners", message, hint);
  }
  const served = open.filter((listener) => findEntryPoint(listener, settings) !== undefined);
  if (served.length === 0) {
    const names = open.map(({ name }) => `\`${name}\``).join(", ");
    const message = `No entry point has the port of a listener that takes the route (${names})`;
    return { state: "refused", gateway, reason: "NoMatchingParent", message };
  }
  const attachments = served.flatMap((listener) => attachToListener(listener, spec, routeHosts, settings));
  if (attachments.length > 0) return { state: "attached", gateway, attachments };
  const message = `No hostname of the route is one of the Gateway \`${parent.name}\`, or more specific listeners claim them`;
  const hosts = open.flatMap(({ hostname }) => (hostname === "" ? [] : [`\`${hostname}\``]));
  return refuse("NoMatchingListenerHostname", message, `The listeners have ${hosts.join(", ") || "every host"}`);
}

const protocolsOf: Partial<Record<Kind, string>> = { TCPRoute: "TCP", TLSRoute: "TLS", UDPRoute: "UDP" };

function takesRoute(
  listener: Listener,
  routeKind: Kind,
  gateway: KubernetesObject,
  namespace: string,
  objects: Context["objects"],
): boolean {
  const { namespaces, kinds = [] } = listener.allowedRoutes;
  const takesKind =
    listenerKinds(listener).includes(routeKind) &&
    (kinds.length === 0 || kinds.some(({ group, kind }) => group === GATEWAY_GROUP && kind === routeKind));
  const { from = "Same", selector } = namespaces ?? {};
  if (!takesKind || from === "None") return false;
  if (from === "All") return true;
  if (from === "Same") return gateway.metadata.namespace === namespace;
  return selector !== undefined && selectsNamespace(selector, namespace, objects);
}

function attachToListener(
  listener: Listener,
  { listeners }: GatewaySpec,
  routeHosts: readonly string[],
  settings: Context["settings"],
): ListenerAttachment[] {
  const { hostname, port, protocol, name } = listener;
  const entryPoint = findEntryPoint(listener, settings);
  if (entryPoint === undefined) return [];
  const moreSpecific = listeners
    .filter((other) => other.port === port && other.protocol === protocol && other.hostname !== hostname)
    .map((other) => other.hostname)
    .filter((other) => covers(hostname, other));
  return routeHosts.flatMap((routeHost): ListenerAttachment[] => {
    const host = intersectHostnames(hostname, routeHost);
    if (host === undefined || moreSpecific.some((other) => covers(other, host))) return [];
    const except = moreSpecific.filter((other) => covers(host, other));
    const tls = protocol === "HTTPS" || protocol === "TLS";
    const passthrough = tls && listener.tls?.mode === "Passthrough";
    return [{ listener: name, entryPoint, tls, passthrough, port, host, routeHost, except }];
  });
}

export function reportParent({ path, report }: Place, message: string, hint: string): void {
  report({ code: "parent-not-found", severity: "error", path, message, hint });
}

function reportNoGateway({ name }: ParentRef, namespace: string, { path, report }: Place): void {
  report({
    code: "parent-not-found",
    severity: "error",
    path: [...path, "name"],
    message: `The Gateway \`${name}\` does not exist in the namespace \`${namespace}\``,
    hint: "Create it there, or name the namespace that it is in",
    refersTo: { kind: "Gateway", namespace, name },
  });
}

function noListener({ name, sectionName, port }: ParentRef, spec: GatewaySpec): { message: string; hint: string } {
  if (sectionName !== undefined && spec.unserved.has(sectionName)) {
    const message = `The listener \`${sectionName}\` of the Gateway \`${name}\` is not served`;
    return { message, hint: "See the Gateway's problems" };
  }
  const wanted = [sectionName && `named \`${sectionName}\``, port && `with the port ${port}`]
    .filter(Boolean)
    .join(" and ");
  const names = spec.listeners.map((listener) => listener.name);
  const hint = suggestName(sectionName ?? "", names) ?? "See the Gateway's problems";
  return { message: `The Gateway \`${name}\` has no listener ${wanted || "that is served"}`, hint };
}
