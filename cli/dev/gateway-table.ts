import type { GatewayTable } from "../../relay/origin-gateway/gateway-table.ts";
import type { Endpoints, Service } from "../../src/table/service.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";

/**
 * What the origin gateway gets. Services of the table before stay, since requests that the edge routed by it are
 * still on their way.
 *
 * @param standInPorts ports on which stand-ins listen: no TLS of theirs is trusted
 */
export function toGatewayTable(
  table: Table,
  before: Table | undefined,
  pointer: Pointer,
  standInPorts: ReadonlySet<number>,
): GatewayTable {
  const endpoints = { ...before?.endpoints, ...table.endpoints };
  const services = Object.entries({ ...before?.services, ...table.services }).map(([name, service]) => [
    name,
    speakPlainly(service, endpoints, standInPorts),
  ]);
  return {
    pointer,
    services: Object.fromEntries(services) as Record<string, Service>,
    endpoints,
    serversTransports: { ...before?.serversTransports, ...table.serversTransports },
    middlewares: { ...before?.middlewares, ...table.middlewares },
  };
}

function speakPlainly(
  service: Service,
  endpoints: Readonly<Record<string, Endpoints>>,
  standInPorts: ReadonlySet<number>,
): Service {
  if (service.type !== "loadBalancer" || service.scheme !== "https") return service;
  const targets = endpoints[service.endpoints]?.endpoints ?? [];
  const isStandIn = targets.length > 0 && targets.every(({ port }) => standInPorts.has(port));
  return isStandIn ? { ...service, scheme: "http" } : service;
}
