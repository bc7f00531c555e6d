import { compareRouters } from "../../../src/router/compare-routers.ts";
import type { ChildRouter } from "../../../src/table/router.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { resolveConflicts } from "../resolve-conflicts.ts";
import { type Contribution, recordParts } from "../table-part.ts";
import { type Context, type Place, silent, startFragment } from "./context.ts";
import { childrenOf, idOf } from "./ingress-route-parents.ts";
import { buildRouter, type ReadRoute, readRoutes, takesRoutes } from "./ingress-route-router.ts";
import type { IngressRouteSpec } from "./ingress-route-schema.ts";

/** Routers below the routes of one object: they share a leaf of 128 KiB with it. */
const MOST_BELOW = 100;

/** What stands below the routes of an IngressRoute. */
export interface RoutesBelow {
  /** The service that the routers below are, for routes without services; undefined when there are none. */
  readonly service: string | undefined;
  /** Puts them into the fragment's table, with all that they need. */
  lay(): void;
}

/** The service of the routers below an IngressRoute; no other service has a `/` in its name. */
const serviceBelow = (id: string): string => `${id}@routers`;

/**
 * Builds the routes that stand below those of an IngressRoute, over any number of steps. What is wrong with them is not
 * reported: their own fragments do. A route that stands above itself is left out where the circle closes, as in Traefik.
 */
export function buildBelow(object: KubernetesObject, place: Place, context: Context): RoutesBelow {
  const family = new Family(context);
  const { length } = family.below(object);
  if (family.isCut) reportTooMany(place);
  return {
    service: length === 0 ? undefined : serviceBelow(idOf(object)),
    lay: () => family.lay({ key: "", object, table: context.table }),
  };
}

/** Objects are never changed in place, and one of thousands of routes may stand below hundreds of others. */
const routes = new WeakMap<KubernetesObject, readonly ReadRoute[]>();

function routesOf(object: KubernetesObject, spec: IngressRouteSpec): readonly ReadRoute[] {
  let known = routes.get(object);
  if (known === undefined) {
    known = readRoutes(object, spec, { namespace: object.metadata.namespace ?? "", path: ["spec"], report: silent });
    routes.set(object, known);
  }
  return known;
}

interface Member {
  readonly contribution: Contribution;
  readonly context: Context;
  /** Its routers that were built, by tie breaker. */
  readonly routers: Map<string, ChildRouter>;
}

class Family {
  readonly #context: Context;
  readonly #members = new Map<string, Member>();
  /** The tie breakers of those below an object, in order. */
  readonly #levels = new Map<string, string[]>();
  readonly #above = new Set<string>();
  #left = MOST_BELOW;
  /** Whether there are more than can be built. */
  isCut = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Those below an object, the one that is asked first in front. */
  below(parent: KubernetesObject): readonly string[] {
    const id = idOf(parent);
    const known = this.#levels.get(id);
    if (known !== undefined) return known;
    this.#above.add(id);
    const children = (): ReturnType<typeof childrenOf> =>
      childrenOf(parent, this.#context).filter(({ object }) => !this.#above.has(idOf(object)));
    if (this.#left === 0) {
      // Whoever is there is not even read: each of those that are built could have all others below it.
      this.isCut ||= children().some(({ spec }) => spec.routes.length > 0);
      this.#above.delete(id);
      return [];
    }
    const candidates = children()
      .flatMap(({ object, spec }) => routesOf(object, spec).map((read) => ({ object, read })))
      .sort((a, b) => compareRouters(a.read, b.read));
    // Those that would be asked last go: a request that one of them was meant for finds no other in its place.
    const kept = candidates.slice(0, this.#left);
    this.#left -= kept.length;
    this.isCut ||= kept.length < candidates.length;
    const level = kept.flatMap(({ object, read }) => (this.#build(object, read) ? read.tieBreaker : []));
    this.#above.delete(id);
    this.#levels.set(id, level);
    return level;
  }

  #build(object: KubernetesObject, read: ReadRoute): boolean {
    const member = this.#memberOf(object);
    const hasBelow = takesRoutes(read.route) && this.below(object).length > 0;
    const router = buildRouter(object, read, hasBelow ? serviceBelow(idOf(object)) : undefined, member.context);
    if (router === undefined) return false;
    member.routers.set(read.tieBreaker, router);
    return true;
  }

  #memberOf(object: KubernetesObject): Member {
    const id = idOf(object);
    let member = this.#members.get(id);
    if (member === undefined) {
      const { context } = startFragment(object, this.#context.objects, this.#context.settings);
      member = { contribution: { key: id, object, table: context.table }, context, routers: new Map() };
      this.#members.set(id, member);
    }
    return member;
  }

  /** Lays all parts over the root's, each with names of its own: two objects can have names that make the same. */
  lay(root: Contribution): void {
    const routers = new Map<string, ChildRouter>();
    for (const { contribution, routers: own } of this.#members.values()) {
      contribution.table.services[serviceBelow(`own/${contribution.key}`)] = {
        type: "routers",
        routers: [...own.values()],
      };
    }
    const resolved = resolveConflicts([root, ...[...this.#members.values()].map((one) => one.contribution)], () => []);
    for (const [{ key }, table] of resolved) {
      if (key === root.key) continue;
      for (const part of recordParts) Object.assign(root.table[part], table[part]);
      const own = serviceBelow(`own/${key}`);
      const service = root.table.services[own];
      delete root.table.services[own];
      if (service?.type === "routers") for (const router of service.routers) routers.set(router.tieBreaker, router);
    }
    for (const [id, level] of this.#levels) {
      root.table.services[serviceBelow(id)] = {
        type: "routers",
        routers: level.flatMap((tieBreaker) => routers.get(tieBreaker) ?? []),
      };
    }
  }
}

const reportTooMany = ({ path, report }: Place): void =>
  report({
    code: "too-many-routes",
    severity: "error",
    path,
    message: `More than ${MOST_BELOW} routes stand below this object's: those of the lowest priority are left out`,
    hint: "Name the host in the routes, and give them no parent but middlewares of their own",
  });
