import type { LoadBalancer } from "../../src/table/service.ts";
import type { TcpLoadBalancer } from "../../src/table/tcp.ts";

/**
 * Says of load balancers that nothing is sent to them, since their transport is not known: of each once, however many
 * ask for it, for as long as it stays as it is.
 */
export function createTransportLog(
  log: (message: string, reason: string) => void,
): (loadBalancer: LoadBalancer | TcpLoadBalancer) => void {
  const told = new WeakSet<object>();
  return (loadBalancer) => {
    if (told.has(loadBalancer)) return;
    told.add(loadBalancer);
    const { endpoints, serversTransport } = loadBalancer;
    log(
      `nothing is sent to the endpoints of ${endpoints}`,
      `their ServersTransport ${serversTransport} is not in the table, or could not be read`,
    );
  };
}
