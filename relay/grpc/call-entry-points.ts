import type { Service } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";

type RoutedTable = Pick<Table, "routers" | "services">;

/**
 * The entry points on which calls are to be expected: those of GRPCRoutes, and those on which a route leads to Pods that are
 * spoken to over HTTP/2 without TLS, which is nearly always gRPC.
 */
export function callEntryPoints({ routers, services }: RoutedTable): ReadonlySet<string> {
  const known = new Map<string, boolean>();
  const leadsToH2c = (name: string): boolean => {
    const found = known.get(name);
    if (found !== undefined) return found;
    // A service that contains itself leads nowhere by that.
    known.set(name, false);
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    const leads = service !== undefined && (isH2c(service) || innerOf(service).some(leadsToH2c));
    known.set(name, leads);
    return leads;
  };
  const takesCalls = ({ name, service }: Table["routers"][number]): boolean =>
    GRPC_ROUTE.test(name) || leadsToH2c(service);
  return new Set(routers.filter(takesCalls).flatMap(({ entryPoints }) => entryPoints));
}

/** Routers of Gateway API are named after the kind that they come from: a BackendTLSPolicy lets their Pods speak TLS. */
const GRPC_ROUTE = /^grpcroute-.*@kubernetesgateway$/;

const isH2c = (service: Service): boolean => service.type === "loadBalancer" && service.scheme === "h2c";

function innerOf(service: Service): string[] {
  switch (service.type) {
    case "weighted":
      return service.children.map((child) => child.service);
    case "mirroring":
    case "filtered":
      return [service.service];
    case "failover":
      return [service.service, service.fallback];
    case "routers":
      return service.routers.map((router) => router.service);
    default:
      return [];
  }
}
