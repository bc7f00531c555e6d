import type { IncomingMessage } from "node:http";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { Gateway } from "./gateway.ts";
import type { GatewayTable } from "./gateway-table.ts";
import { orderEndpoints, type Target } from "./order-endpoints.ts";
import { findStuckTo, stickyCookieFor } from "./pod-cookie.ts";

/** One target to try, and the cookie that the client gets when it answers. */
export interface Attempt {
  target: Target;
  setCookie: string | undefined;
}

/** The targets of a request in order; none when the service has no endpoint. */
export function planAttempts(
  request: IncomingMessage,
  service: LoadBalancer,
  table: GatewayTable,
  { balance, failures }: Gateway,
): Attempt[] {
  const endpoints = table.endpoints[service.endpoints];
  if (endpoints === undefined) return [];
  const stuckTo = findStuckTo(service, endpoints.endpoints, request.headers.cookie);
  const targets = orderEndpoints(endpoints, service.endpoints, stuckTo?.endpoint, balance, failures);
  return targets.map((target) => ({
    target,
    setCookie: target === stuckTo?.endpoint && !stuckTo.legacy ? undefined : stickyCookieFor(service, target),
  }));
}
