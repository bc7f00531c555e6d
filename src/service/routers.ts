import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange, Handler } from "../exchange/exchange.ts";
import { forwardedFact, toldBy } from "../exchange/forwarded-fact.ts";
import { wrapAll } from "../middleware/wrap-all.ts";
import { matchRoute } from "../router/match-route.ts";
import { buildRouteIndex } from "../router/route-index.ts";
import { createRequestFacts } from "../rule/create-request-facts.ts";
import type { RequestFacts } from "../rule/request-facts.ts";
import { decodeRoutingPath } from "../rule/routing-path.ts";
import type { ChildRouter } from "../table/router.ts";
import type { Service } from "../table/service.ts";
import type { CompiledService, ServiceContext, ServiceFactory } from "./service.ts";

/** Routers below another stand on no entry point of their own: all of them on this one. */
const LISTENER = { entryPoint: "", tls: false };

/**
 * Routers below a router: the first by priority whose rule takes the request as it is now, with the headers and path that
 * middlewares have given it. Where none does the answer is 404, as in Traefik
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/multi-layer-routing/).
 */
export const compileRouters: ServiceFactory<Extract<Service, { type: "routers" }>> = (
  name,
  { routers },
  context,
  service,
) => {
  const endpointKeys = new Set<string>();
  const index = buildRouteIndex(
    routers.map((router) => {
      const target = service(router.service);
      for (const key of target.endpointKeys) endpointKeys.add(key);
      const { entryPoint, tls } = LISTENER;
      return { router: { ...router, entryPoints: [entryPoint], tls }, value: compileRouter(router, target, context) };
    }),
  );
  return {
    name,
    endpointKeys: [...endpointKeys],
    canServe: () => true,
    async handle(exchange) {
      const facts = factsOfExchange(exchange, context.country);
      const route = matchRoute([index], LISTENER, facts);
      return route === undefined ? plainAnswer(404) : route(exchange);
    },
  };
};

/**
 * What rules see of a request on its way: its headers, path and query as they are now. The host is the one that the
 * client asked for, whatever a middleware has the Pod see, as in Traefik. X-Forwarded-* and X-Real-Ip are those that
 * rules at the top see (`forwardedFact`): a client who is not trusted could say anything in them.
 */
export const factsOfExchange = (exchange: Exchange, country?: (request: Request) => string): RequestFacts =>
  createRequestFacts({
    host: exchange.authority,
    routingPath: decodeRoutingPath(exchange.path),
    method: exchange.request.method,
    headers: exchange.headers,
    forwarded: (lowerName) => forwardedFact(lowerName, toldBy(exchange), exchange.headers),
    query: exchange.query,
    clientAddress: exchange.client.address,
    country: () => country?.(exchange.request) ?? "",
  });

function compileRouter(router: ChildRouter, target: CompiledService, context: ServiceContext): Handler {
  const handle = guarded(router, target, context);
  return async (exchange) => {
    const { branch } = exchange;
    const own = branch === undefined ? router.name : `${branch} -> ${router.name}`;
    exchange.branch = own;
    if (exchange.access !== undefined) exchange.access.branch = own;
    try {
      return await handle(exchange);
    } finally {
      // A middleware above may send it again.
      exchange.branch = branch;
    }
  };
}

/** A router without one of its guards takes its requests, and serves nothing. */
function guarded(router: ChildRouter, target: CompiledService, context: ServiceContext): Handler {
  const closed: Handler = async () => plainAnswer(503);
  if (router.closedBy !== undefined) return closed;
  try {
    return wrapAll(router.middlewares, (name) => context.middleware(name))(target.handle);
  } catch (error) {
    context.report({ event: "route-closed", router: router.name, reason: String(error) });
    return closed;
  }
}
