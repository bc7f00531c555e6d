import { nextChild } from "../balance/rotation.ts";
import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Weighted } from "../table/service.ts";
import { noAvailableServer } from "./no-available-server.ts";
import type { ServiceFactory } from "./service.ts";
import { createStickySession } from "./sticky-session.ts";

/**
 * Shares requests among services by weight; children that cannot serve are left out. A sticky session keeps its
 * child as long as that can serve, also at weight 0.
 */
export const compileWeighted: ServiceFactory<Weighted> = (name, { children, sticky }, context, service) => {
  const targets = children.map((child) => service(child.service));
  const rotation = context.balance.rotation(
    name,
    children.map((child) => child.weight),
  );
  const session = sticky === undefined ? undefined : createStickySession(sticky, children);

  const childCanServe = (exchange: Exchange, child: number): boolean => targets[child]?.canServe(exchange) ?? false;
  const findStuck = (exchange: Exchange) => {
    const stuckTo = session?.find(exchange);
    return stuckTo !== undefined && childCanServe(exchange, stuckTo.child) ? stuckTo : undefined;
  };

  return {
    name,
    endpointKeys: [...new Set(targets.flatMap((target) => target.endpointKeys))],
    canServe: (exchange) =>
      children.some(({ weight }, child) => weight > 0 && childCanServe(exchange, child)) ||
      findStuck(exchange) !== undefined,
    async handle(exchange) {
      const stuckTo = findStuck(exchange);
      const child = stuckTo?.child ?? nextChild(rotation, (index) => childCanServe(exchange, index));
      const target = child === undefined ? undefined : targets[child];
      if (child === undefined || target === undefined) {
        exchange.failure = "no-endpoint";
        return noAvailableServer();
      }
      const response = await target.handle(exchange);
      const setCookie = stuckTo === undefined || stuckTo.legacy ? session?.setCookies[child] : undefined;
      return setCookie === undefined
        ? response
        : editResponse(response, (headers) => headers.append("set-cookie", setCookie));
    },
  };
};
