import type { Exchange } from "../exchange/exchange.ts";
import type { LoadBalancer } from "../table/service.ts";
import { noAvailableServer } from "./no-available-server.ts";
import type { ServiceFactory } from "./service.ts";

/**
 * The Pods of one Service, or an external URL. Which Pod is the gateway's choice; the edge only knows whether
 * there is one, so that an empty service costs no hop.
 */
export const compileLoadBalancer: ServiceFactory<LoadBalancer> = (name, options, context) => {
  const usual = options.transport === "direct" ? context.direct : context.gateway;

  const findEndpoints = (exchange: Exchange) => {
    const endpoints = exchange.endpoints(options.endpoints);
    const canServe = endpoints !== undefined && (endpoints.endpoints.length > 0 || endpoints.clusterIp !== undefined);
    return canServe ? endpoints : undefined;
  };

  return {
    name,
    endpointKeys: [options.endpoints],
    canServe: (exchange) => usual !== undefined && findEndpoints(exchange) !== undefined,
    handle(exchange) {
      const endpoints = findEndpoints(exchange);
      // What requests are held to is counted by the gateway.
      const send = exchange.guards === undefined ? usual : context.gateway;
      if (send === undefined || endpoints === undefined) {
        exchange.failure = "no-endpoint";
        return Promise.resolve(noAvailableServer());
      }
      return send(exchange, { service: name, options, endpoints });
    },
  };
};
