import type { Fragment } from "../fragment.ts";

/**
 * Whether any endpoint stands behind a service. Asked only when `allowEmptyServices` is set to false; then a route
 * without any is left out, as in Traefik, but one empty child does not take its siblings down.
 */
export function canServe(name: string, table: Fragment["table"], visited = new Set<string>()): boolean {
  const service = table.services[name];
  if (service === undefined || visited.has(name)) return false;
  visited.add(name);
  switch (service.type) {
    case "loadBalancer":
      return (table.endpoints[service.endpoints]?.endpoints.length ?? 0) > 0;
    case "weighted":
      return service.children.some((child) => canServe(child.service, table, visited));
    case "failover":
      return canServe(service.service, table, visited) || canServe(service.fallback, table, visited);
    case "mirroring":
    case "filtered":
      return canServe(service.service, table, visited);
    case "routers":
      return service.routers.some((router) => canServe(router.service, table, visited));
    case "status":
      return true;
  }
}
