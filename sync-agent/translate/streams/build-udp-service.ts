import type { UdpService } from "../../../src/table/tcp.ts";
import type { Context, Place } from "../traefik/context.ts";
import { UNAVAILABLE } from "./build-tcp-service.ts";
import { type StreamRef, useStreamBackend } from "./stream-backend.ts";

/**
 * The load balancer of one UDP port of one Kubernetes Service; its endpoints are put into the fragment. Undefined,
 * with the problem reported, when the reference cannot be resolved.
 */
export function buildUdpLoadBalancer(
  ref: StreamRef,
  place: Place,
  context: Pick<Context, "objects" | "table">,
): UdpService | undefined {
  const backend = useStreamBackend(ref, "UDP", place, context);
  return backend && { type: "loadBalancer", endpoints: backend.endpoints };
}

/** Stands in where a service is needed and the reference cannot be resolved: it drops every datagram, as that for TCP. */
export function udpUnavailable({ table }: Pick<Context, "table">): string {
  table.udpServices[UNAVAILABLE] = { type: "weighted", children: [] };
  return UNAVAILABLE;
}
