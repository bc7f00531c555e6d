import type { TcpLoadBalancer } from "../../../src/table/tcp.ts";
import { type Context, type Place, within } from "../traefik/context.ts";
import { type StreamRef, useStreamBackend } from "./stream-backend.ts";
import { readTcpAnnotations } from "./tcp-annotations.ts";

/** What a reference says of its connections, besides where they go. */
export type TcpOptions = Pick<TcpLoadBalancer, "terminationDelayMs" | "proxyProtocol" | "tls" | "serversTransport">;

/**
 * The load balancer of one port of one Kubernetes Service; its endpoints are put into the fragment. The Service's
 * annotations say how it balances and probes. Undefined, with the problem reported, when the reference cannot be
 * resolved.
 */
export function buildTcpLoadBalancer(
  ref: StreamRef,
  options: TcpOptions,
  place: Place,
  context: Pick<Context, "objects" | "table">,
): TcpLoadBalancer | undefined {
  const backend = useStreamBackend(ref, "TCP", place, context);
  if (backend === undefined) return undefined;
  const { balancing, problems } = readTcpAnnotations(backend.service);
  const at = within(place, "name");
  for (const problem of problems) at.report({ ...problem, path: at.path });
  return { type: "loadBalancer", endpoints: backend.endpoints, ...balancing, ...options };
}

/**
 * Stands in where a service is needed and the reference cannot be resolved: it closes every connection, those too that
 * are its share of a weighted service.
 */
export const UNAVAILABLE = "unavailable@internal";

export function tcpUnavailable({ table }: Pick<Context, "table">): string {
  table.tcpServices[UNAVAILABLE] = { type: "weighted", children: [] };
  return UNAVAILABLE;
}
