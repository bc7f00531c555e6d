import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { suggestName } from "../nearest-name.ts";
import { type Context, type Place, readElements, within } from "../traefik/context.ts";
import { findEntryPoint } from "./find-entry-point.ts";
import { classState } from "./gateway-class.ts";
import { covers, intersectHostnames } from "./hostnames.ts";
import { selectsNamespace } from "./namespace-selector.ts";
import { type GatewaySpec, type Listener, readGateway } from "./read-gateway.ts";
import { type ParentRef, parentRefSchema } from "./route-schema.ts";

/** One host by which a route is reached, on one entry point. */
export interface Attachment {
  entryPoint: string;
  tls: boolean;
  /** The listener's port. */
  port: number;
  host: string;
  /** The host as the route has it. */
  routeHost: string;
  /** Hosts below `host` that belong to more specific listeners of the Gateway. */
  except: readonly string[];
}

const GATEWAY_GROUP = "gateway.networking.k8s.io";

/**
 * Where a route is served: each host that it has in common with a listener which takes it. A request belongs to the
 * most specific listener of its Gateway and port, so what such a listener claims is left out.
 *
 * A parentRef by which the route is served nowhere is reported. Undefined when all are Gateways of other controllers.
 */
export function attachRoute(
  parentRefs: readonly unknown[],
  routeHosts: readonly string[],
  place: Place,
  context: Context,
): Attachment[] | undefined {
  const found = new Map<string, Attachment>();
  const parents = within(place, "parentRefs");
  let isForeign = parentRefs.length > 0;
  if (parentRefs.length === 0) reportParent(parents, "The route names no Gateway", "Name one in `spec.parentRefs`");
  for (const { value: parent, at } of readElements(parentRefSchema, parentRefs, parents)) {
    const attachments = attachTo(parent, routeHosts, at, context);
    if (attachments === undefined) continue;
    isForeign = false;
    for (const attachment of attachments) {
      const { entryPoint, tls, port, host, routeHost, except } = attachment;
      found.set(JSON.stringify([entryPoint, tls, port, host, routeHost, except]), attachment);
    }
  }
  return isForeign ? undefined : [...found.values()];
}

function attachTo(
  parent: ParentRef,
  routeHosts: readonly string[],
  place: Place,
  context: Context,
): Attachment[] | undefined {
  const { objects, settings } = context;
  if (parent.group !== GATEWAY_GROUP || parent.kind !== "Gateway") {
    reportParent(place, `A route cannot be attached to a ${parent.kind} yet`, "Name a Gateway");
    return [];
  }
  const namespace = parent.namespace || place.namespace;
  const gateway = objects.get("Gateway", namespace, parent.name);
  if (gateway === undefined) {
    reportNoGateway(parent, namespace, place);
    return [];
  }
  const spec = readGateway(gateway);
  const state = classState(spec.className, objects, settings);
  if (state === "foreign") return undefined;
  if (state === "absent") {
    reportParent(
      place,
      `The Gateway \`${parent.name}\` is not served: it has no GatewayClass`,
      "See the Gateway's problems",
    );
    return [];
  }
  const named = spec.listeners.filter(
    ({ name, port }) =>
      (!parent.sectionName || name === parent.sectionName) && (parent.port === undefined || port === parent.port),
  );
  if (named.length === 0) {
    reportNoListener(parent, spec, place);
    return [];
  }
  const open = named.filter((listener) => takesRoute(listener, gateway, place.namespace, context));
  if (open.length === 0) {
    const message = `No listener of the Gateway \`${parent.name}\` takes HTTPRoutes of the namespace \`${place.namespace}\``;
    reportParent(place, message, "Set `allowedRoutes.namespaces.from: All` on the listener, or move the route");
    return [];
  }
  const attachments = open.flatMap((listener) => attachToListener(listener, spec, routeHosts, context));
  if (attachments.length === 0 && open.some(({ port }) => findEntryPoint(port, settings) !== undefined)) {
    const message = `No hostname of the route is one of the Gateway \`${parent.name}\`, or more specific listeners claim them`;
    const hosts = open.flatMap(({ hostname }) => (hostname === "" ? [] : [`\`${hostname}\``]));
    reportParent(place, message, `The listeners have ${hosts.join(", ") || "every host"}`);
  }
  return attachments;
}

function takesRoute(
  { allowedRoutes: { namespaces, kinds = [] } }: Listener,
  gateway: KubernetesObject,
  namespace: string,
  { objects }: Context,
): boolean {
  const takesKind =
    kinds.length === 0 || kinds.some(({ group, kind }) => group === GATEWAY_GROUP && kind === "HTTPRoute");
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
  { settings }: Context,
): Attachment[] {
  const { hostname, port, protocol } = listener;
  const entryPoint = findEntryPoint(port, settings);
  if (entryPoint === undefined) return [];
  const moreSpecific = listeners
    .filter((other) => other.port === port && other.protocol === protocol && other.hostname !== hostname)
    .map((other) => other.hostname)
    .filter((other) => covers(hostname, other));
  return routeHosts.flatMap((routeHost): Attachment[] => {
    const host = intersectHostnames(hostname, routeHost);
    if (host === undefined || moreSpecific.some((other) => covers(other, host))) return [];
    const except = moreSpecific.filter((other) => covers(host, other));
    return [{ entryPoint, tls: protocol === "HTTPS", port, host, routeHost, except }];
  });
}

function reportParent({ path, report }: Place, message: string, hint: string): void {
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

function reportNoListener({ name, sectionName, port }: ParentRef, spec: GatewaySpec, place: Place): void {
  if (sectionName !== undefined && spec.unserved.has(sectionName)) {
    reportParent(
      place,
      `The listener \`${sectionName}\` of the Gateway \`${name}\` is not served`,
      "See the Gateway's problems",
    );
    return;
  }
  const wanted = [sectionName && `named \`${sectionName}\``, port && `with the port ${port}`]
    .filter(Boolean)
    .join(" and ");
  const names = spec.listeners.map((listener) => listener.name);
  const hint = suggestName(sectionName ?? "", names) ?? "See the Gateway's problems";
  reportParent(place, `The Gateway \`${name}\` has no listener ${wanted || "that is served"}`, hint);
}
