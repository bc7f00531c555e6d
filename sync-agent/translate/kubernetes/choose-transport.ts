import type { LoadBalancer } from "../../../src/table/service.ts";

/**
 * By which way a Service is reached. A plain fetch from the edge saves the way through the cluster, but cannot set Host,
 * connects in no way but its own, and knows nothing of probes: it serves where an external name is wanted as Host, and
 * nothing else is asked for.
 */
export const chooseTransport = (
  externalName: string | undefined,
  { passHostHeader, serversTransport, healthCheck }: Partial<LoadBalancer>,
): LoadBalancer["transport"] =>
  externalName !== undefined && passHostHeader === false && serversTransport === undefined && healthCheck === undefined
    ? "direct"
    : "gateway";
