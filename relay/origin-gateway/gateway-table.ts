import type { Middleware } from "../../src/table/middleware.ts";
import type { Endpoints, LoadBalancer, ServersTransport, Service } from "../../src/table/service.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { TcpLoadBalancer } from "../../src/table/tcp.ts";

/** The part of the table that the gateway works from. Never changed in place: another table is another object. */
export interface GatewayTable {
  /** The generation that this is. */
  pointer: Pointer;
  services: Readonly<Record<string, Service>>;
  endpoints: Readonly<Record<string, Endpoints>>;
  serversTransports: Readonly<Record<string, ServersTransport>>;
  /** Those that requests are held to here are named by the edge. */
  middlewares: Readonly<Record<string, Middleware>>;
}

/** Where the gateway finds the current table, for each request anew. */
export interface GatewayTableSource {
  /** undefined until there is one. */
  current(): GatewayTable | undefined;
}

/**
 * How a load balancer's Pods are connected to; undefined for the defaults.
 *
 * @returns `unknown` for one that the table does not have, or has not whole: it may say whom the Pod must be, so that
 * nothing is connected to without it
 */
export function transportOf(
  { serversTransport: name }: Pick<LoadBalancer | TcpLoadBalancer, "serversTransport">,
  { serversTransports }: Pick<GatewayTable, "serversTransports">,
): ServersTransport | undefined | "unknown" {
  if (name === undefined) return undefined;
  const transport = Object.hasOwn(serversTransports, name) ? serversTransports[name] : undefined;
  return transport === undefined || transport.closedBy !== undefined ? "unknown" : transport;
}
