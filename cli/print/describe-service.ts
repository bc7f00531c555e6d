import type { ChildRouter } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import type { TcpRouter, TcpService, UdpRouter, UdpService } from "../../src/table/tcp.ts";

/** What `noop@internal` answers, behind routes that only redirect. */
const NEVER_REACHED = 418;

/** Who answers a router's requests, in a few words: `3× default-v1-80, 1× default-v2-80`. */
export function describeTarget(router: ChildRouter, table: Table): string {
  if (router.closedBy !== undefined) return `closed: ${router.closedBy}`;
  return describeService(router.service, table, new Set());
}

/** Who takes a router's connections or datagrams, in a few words. */
export function describeStreamTarget(router: TcpRouter | UdpRouter, table: Table): string {
  if (!("rule" in router)) return describeStreamService(router.service, table.udpServices, new Set());
  if (router.closedBy !== undefined) return `closed: ${router.closedBy}`;
  return describeStreamService(router.service, table.tcpServices, new Set());
}

function describeStreamService(
  name: string,
  services: Readonly<Record<string, TcpService | UdpService>>,
  above: ReadonlySet<string>,
): string {
  const service = Object.hasOwn(services, name) ? services[name] : undefined;
  if (service === undefined || above.has(name)) return name;
  if (service.type === "loadBalancer") return service.endpoints;
  const inside = new Set(above).add(name);
  const children = service.children.map(({ service: child, weight }) => {
    const text = describeStreamService(child, services, inside);
    return `${weight}× ${text.includes(", ") ? `(${text})` : text}`;
  });
  return children.length === 0 ? "nobody: it is closed" : children.join(", ");
}

function describeService(name: string, table: Table, above: ReadonlySet<string>): string {
  const service = Object.hasOwn(table.services, name) ? table.services[name] : undefined;
  if (service === undefined || above.has(name)) return name;
  const inside = new Set(above).add(name);
  const nested = (child: string): string => {
    const text = describeService(child, table, inside);
    return text.includes(", ") ? `(${text})` : text;
  };
  switch (service.type) {
    case "loadBalancer":
      return service.endpoints;
    case "weighted":
      return service.children.map((child) => `${child.weight}× ${nested(child.service)}`).join(", ");
    case "mirroring":
      return [
        nested(service.service),
        ...service.mirrors.map(({ service: mirror, percent }) => `mirror ${percent}% ${nested(mirror)}`),
      ].join(", ");
    case "failover":
      return `${nested(service.service)}, else ${nested(service.fallback)}`;
    case "filtered":
      return describeService(service.service, table, inside);
    case "routers":
      return "the routes below it";
    case "status":
      return service.status === NEVER_REACHED ? "nobody: its middlewares answer" : `answers ${service.status}`;
  }
}
