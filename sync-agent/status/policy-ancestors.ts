import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import { policyTargets } from "../translate/gateway-api/backend-tls-policy-schema.ts";
import { controllerName } from "../translate/gateway-api/gateway-class.ts";
import { readGateway } from "../translate/gateway-api/read-gateway.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import type { PolicyAncestor } from "./policy-status.ts";
import type { RouteStatus } from "./route-status.ts";

/** At most so many ancestors are represented (Gateway API, PolicyStatus). */
const MOST_ANCESTORS = 16;

/**
 * Knows for each BackendTLSPolicy the Gateways of ours by whose routes its Services are reached, in the order of their
 * names.
 */
export function policyAncestors(
  routes: readonly { object: KubernetesObject; status: RouteStatus }[],
  objects: ObjectReader,
  settings: TranslateSettings,
): (policy: KubernetesObject) => PolicyAncestor[] {
  const reached = new Map<string, Set<KubernetesObject>>();
  for (const { object, status } of routes) {
    if (status.attached.length === 0) continue;
    for (const service of servicesOf(object)) {
      const gateways = reached.get(service) ?? new Set();
      reached.set(service, gateways);
      for (const { gateway } of status.attached) gateways.add(gateway);
    }
  }
  return (policy) => {
    const { namespace = "" } = policy.metadata;
    const gateways = new Set(
      policyTargets(policy).flatMap(({ name }) => [...(reached.get(keyOf(namespace, name)) ?? [])]),
    );
    return [...gateways]
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
      .slice(0, MOST_ANCESTORS)
      .map((gateway) => {
        const gatewayClass = objects.get("GatewayClass", "", readGateway(gateway).className);
        const own = gatewayClass && controllerName(gatewayClass);
        return { gateway, controllerName: own ?? settings.gatewayControllerName };
      });
  };
}

const services = new WeakMap<KubernetesObject, readonly string[]>();

/** The Services that a route names, mirrors included, by namespace and name. */
function servicesOf(route: KubernetesObject): readonly string[] {
  let found = services.get(route);
  if (found === undefined) {
    const { namespace = "" } = route.metadata;
    const rules = listAt(route.spec, "rules");
    const mirrors = (holder: unknown): unknown[] =>
      listAt(holder, "filters").map((filter) => at(at(filter, "requestMirror"), "backendRef"));
    const refs = rules.flatMap((rule) => {
      const backends = listAt(rule, "backendRefs");
      return [...backends, ...mirrors(rule), ...backends.flatMap(mirrors)];
    });
    const names = refs.flatMap((ref) => {
      const [name, own] = [at(ref, "name"), at(ref, "namespace")];
      return typeof name === "string" ? [keyOf(typeof own === "string" && own !== "" ? own : namespace, name)] : [];
    });
    found = [...new Set(names)];
    services.set(route, found);
  }
  return found;
}

const keyOf = (namespace: string, name: string): string => `${namespace}\0${name}`;

const nameOf = ({ metadata: { namespace = "", name } }: KubernetesObject): string => keyOf(namespace, name);

const at = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;

function listAt(value: unknown, key: string): unknown[] {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
}
