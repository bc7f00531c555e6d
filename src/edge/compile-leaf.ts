import type { Handler } from "../exchange/exchange.ts";
import { buildMiddlewares } from "../middleware/registry.ts";
import type { MiddlewareRuntime } from "../middleware/runtime.ts";
import { wrapAll } from "../middleware/wrap-all.ts";
import type { Report } from "../observe/report.ts";
import { buildRouteIndex, type RouteIndex } from "../router/route-index.ts";
import { compileServices } from "../service/compile-services.ts";
import type { ServiceContext } from "../service/service.ts";
import { collectReferences, type Entries, servicesOf } from "../snapshot/collect-references.ts";
import type { Router } from "../table/router.ts";
import type { RouteLeaf } from "../table/snapshot.ts";
import { plainAnswer } from "./plain-answer.ts";

/** A router ready to answer. */
interface Route {
  readonly router: Router;
  /** The endpoints that its services may ask for. */
  readonly endpointKeys: readonly string[];
  readonly handle: Handler;
}

/** A route of a leaf, compiled when it is first matched: a leaf holds hundreds, a request needs one. */
export type LazyRoute = () => Route;

/** What the routes of all leaves of an isolate share. */
export type CompileContext = Omit<ServiceContext, "middleware"> & { report: Report; runtime: MiddlewareRuntime };

/** Indexes the routers of a leaf and makes each ready to be compiled with the leaf's services and middlewares. */
export function compileLeaf(leaf: RouteLeaf, context: CompileContext): RouteIndex<LazyRoute> {
  const middleware = buildMiddlewares(leaf.middlewares, (name) => service(name).handle, context.runtime);
  const service = compileServices(leaf.services, { ...context, middleware });

  const compile = (router: Router): Route => {
    if (router.closedBy !== undefined) return closedRoute(router);
    try {
      const target = service(router.service);
      const handle = wrapAll(router.middlewares, middleware)(target.handle);
      return { router, endpointKeys: endpointKeysOf(router, leaf, target.endpointKeys), handle };
    } catch (error) {
      context.report({ event: "route-closed", router: router.name, reason: String(error) });
      return closedRoute(router);
    }
  };

  return buildRouteIndex(
    leaf.routers.map((router) => {
      let route: Route | undefined;
      return {
        router,
        value: () => {
          route ??= compile(router);
          return route;
        },
      };
    }),
  );
}

/** With those of the services that its middlewares ask by themselves. */
function endpointKeysOf(router: Router, leaf: RouteLeaf, ofTarget: readonly string[]): readonly string[] {
  const entries: Entries = {
    service: (name) => (Object.hasOwn(leaf.services, name) ? leaf.services[name] : undefined),
    middleware: (name) => (Object.hasOwn(leaf.middlewares, name) ? leaf.middlewares[name] : undefined),
  };
  const { services, middlewares } = collectReferences(entries, router);
  const asks = middlewares.some((name) => {
    const middleware = entries.middleware(name);
    return middleware !== undefined && servicesOf(middleware).length > 0;
  });
  if (!asks) return ofTarget;
  const all = services.flatMap((name) => {
    const service = entries.service(name);
    return service?.type === "loadBalancer" ? service.endpoints : [];
  });
  return [...new Set([...ofTarget, ...all])];
}

/** A route without one of its guards: it matches, so that no lower route takes over, and it serves nothing. */
const closedRoute = (router: Router): Route => ({
  router,
  endpointKeys: [],
  handle: async () => plainAnswer(503),
});
