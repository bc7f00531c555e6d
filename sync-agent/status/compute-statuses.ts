import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import { classState } from "../translate/gateway-api/gateway-class.ts";
import { readGateway } from "../translate/gateway-api/read-gateway.ts";
import type { Problem } from "../translate/problem.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import { createView } from "../translate/view-objects.ts";
import { type BundleVersion, gatewayClassStatus } from "./gateway-class-status.ts";
import { gatewayStatus, type Programmed } from "./gateway-status.ts";
import { ingressStatus } from "./ingress-status.ts";
import { policyAncestors } from "./policy-ancestors.ts";
import { policyStatus } from "./policy-status.ts";
import { type RouteStatus, routeStatus } from "./route-status.ts";
import type { DesiredStatus, StatusContent } from "./status-content.ts";
import type { StatusSnapshot } from "./status-snapshot.ts";

/** What statuses depend on besides objects and problems. */
export interface StatusFacts {
  /** Where clients find the Worker: for Ingresses and Gateways. Undefined to say nothing of it. */
  address: string | undefined;
  bundleVersion: BundleVersion;
  programmed(gateway: KubernetesObject): Programmed;
}

export interface StatusComputer {
  /** The status of each object that is ours to speak of. Equal content keeps its identity from one call to the next. */
  compute(snapshot: StatusSnapshot, facts: StatusFacts): DesiredStatus[];
}

const routeKinds: readonly Kind[] = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];

/** What routes read of other objects. */
const parentKinds: readonly Kind[] = ["GatewayClass", "Gateway", "Namespace"];

const none: readonly Problem[] = [];

interface RouteMemo {
  problems: readonly Problem[];
  parents: object;
  status: RouteStatus;
}

interface PolicyMemo {
  problems: readonly Problem[];
  parents: object;
  gateways: readonly KubernetesObject[];
  content: StatusContent;
}

/** Computes statuses; a route of which nothing has changed is not looked at again. */
export function createStatusComputer(settings: TranslateSettings): StatusComputer {
  const view = createView(settings);
  const memos = new WeakMap<KubernetesObject, RouteMemo>();
  const policyMemos = new WeakMap<KubernetesObject, PolicyMemo>();
  let ingresses = new WeakMap<KubernetesObject, { classes: object; content: StatusContent | undefined }>();
  let parents: readonly (readonly KubernetesObject[])[] = [];
  let classes: readonly KubernetesObject[] = [];
  let lastAddress: string | undefined;

  const routesOf = (snapshot: StatusSnapshot): { object: KubernetesObject; status: RouteStatus }[] => {
    const now = parentKinds.map((kind) => [...snapshot.objects.list(kind)]);
    if (!now.every((list, index) => areSame(list, parents[index] ?? []))) parents = now;
    const problems = byObject(snapshot.problems);
    return routeKinds.flatMap((kind) =>
      [...snapshot.objects.list(kind)].map((object) => {
        const own = problems.get(keyOf(kind, object.metadata.namespace ?? "", object.metadata.name)) ?? none;
        const memo = memos.get(object);
        if (memo !== undefined && memo.parents === parents && areSame(memo.problems, own)) {
          return { object, status: memo.status };
        }
        const status = routeStatus(kind, object, own, { objects: snapshot.objects, settings });
        memos.set(object, { problems: own, parents, status });
        return { object, status };
      }),
    );
  };

  const policiesOf = (
    snapshot: StatusSnapshot,
    routes: readonly { object: KubernetesObject; status: RouteStatus }[],
  ): DesiredStatus[] => {
    const policies = [...snapshot.objects.list("BackendTLSPolicy")];
    if (policies.length === 0) return [];
    const ancestorsOf = policyAncestors(routes, snapshot.objects, settings);
    const problems = byObject(snapshot.problems);
    return policies.map((object) => {
      const { namespace = "", name } = object.metadata;
      const own = problems.get(keyOf("BackendTLSPolicy", namespace, name)) ?? none;
      const ancestors = ancestorsOf(object);
      const known = policyMemos.get(object);
      const gateways = ancestors.map(({ gateway }) => gateway);
      if (known?.parents === parents && areSame(known.problems, own) && areSame(known.gateways, gateways)) {
        return { object, content: known.content };
      }
      const content = policyStatus(object, own, ancestors, settings);
      policyMemos.set(object, { problems: own, parents, gateways, content });
      return { object, content };
    });
  };

  const ingressesOf = (snapshot: StatusSnapshot, address: string): DesiredStatus[] => {
    const objects = view(snapshot.objects);
    const now = [...snapshot.objects.list("IngressClass")];
    if (!areSame(now, classes)) classes = now;
    if (address !== lastAddress) ingresses = new WeakMap();
    lastAddress = address;
    return [...objects.list("Ingress")].flatMap((object) => {
      let memo = ingresses.get(object);
      if (memo?.classes !== classes) {
        memo = { classes, content: ingressStatus(object, address, { objects, settings }) };
        ingresses.set(object, memo);
      }
      return memo.content === undefined ? [] : [{ object, content: memo.content }];
    });
  };

  return {
    compute(snapshot, { address, bundleVersion, programmed }) {
      const desired: DesiredStatus[] = [];
      for (const object of snapshot.objects.list("GatewayClass")) {
        if (classState(object.metadata.name, snapshot.objects, settings) !== "ours") continue;
        desired.push({ object, content: gatewayClassStatus(object, bundleVersion) });
      }
      const routes = routesOf(snapshot);
      const counts = countAttached(routes);
      for (const object of snapshot.objects.list("Gateway")) {
        const state = classState(readGateway(object).className, snapshot.objects, settings);
        if (state !== "ours" && state !== "ours-by-name") continue;
        const attachedRoutes = (listener: string): number => counts.get(object)?.get(listener) ?? 0;
        const facts = { objects: snapshot.objects, settings, address, programmed: programmed(object), attachedRoutes };
        desired.push({ object, content: gatewayStatus(object, facts) });
      }
      for (const { object, status } of routes) desired.push({ object, content: status.content });
      desired.push(...policiesOf(snapshot, routes));
      if (address !== undefined) desired.push(...ingressesOf(snapshot, address));
      return desired;
    },
  };
}

/** By Gateway and listener: each route counts once, by however many parentRefs it comes. */
function countAttached(
  routes: readonly { status: RouteStatus }[],
): ReadonlyMap<KubernetesObject, ReadonlyMap<string, number>> {
  const counts = new Map<KubernetesObject, Map<string, number>>();
  for (const { status } of routes) {
    for (const { gateway, listener } of status.attached) {
      const ofGateway = counts.get(gateway) ?? new Map<string, number>();
      counts.set(gateway, ofGateway.set(listener, (ofGateway.get(listener) ?? 0) + 1));
    }
  }
  return counts;
}

function byObject(problems: readonly Problem[]): ReadonlyMap<string, readonly Problem[]> {
  const grouped = new Map<string, Problem[]>();
  for (const problem of problems) {
    const { kind, namespace, name } = problem.object;
    const key = keyOf(kind, namespace, name);
    const group = grouped.get(key);
    if (group === undefined) grouped.set(key, [problem]);
    else group.push(problem);
  }
  return grouped;
}

const keyOf = (kind: string, namespace: string, name: string): string => `${kind}\0${namespace}\0${name}`;

const areSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a === b || (a.length === b.length && a.every((element, index) => element === b[index]));
