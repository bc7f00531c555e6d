import { readSessionToken } from "../../src/cookie/session-token.ts";
import type { Endpoint, Service, StickyCookie, Weighted } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";

/** One service with what a request finds there. */
export interface ServiceNode {
  name: string;
  type: Service["type"] | "unknown";
  /** How it stands in the service above it. */
  role?: "mirror" | "main" | "fallback";
  weight?: number;
  /** The share of such requests that come here, of 100; of a mirror the share that is copied. */
  percent: number;
  /** Whether anything here can answer. */
  canServe: boolean;
  sticky?: StickyNode;
  /** Middlewares of the service's own. */
  middlewares?: string[];
  /** The status that it answers itself. */
  status?: number;
  endpoints?: EndpointsNode;
  children: ServiceNode[];
}

export interface StickyNode {
  /** Of the cookie, or of the header that stands in for one. */
  cookie: string;
  inHeader?: true;
  /** Who is chosen by it: a service, or a Pod (by the gateway). */
  chooses: "service" | "pod";
  /** What the request sends, unless its time is over. */
  value?: string;
  /** The service that the value names. */
  leadsTo?: string;
}

export interface EndpointsNode {
  key: string;
  addresses: Endpoint[];
  /** The Service's own address, dialled when no endpoint answers. */
  clusterIp?: { address: string; port: number };
  /** The manifests do not say: a cluster would. */
  leftToCluster: boolean;
}

export interface TreeContext {
  table: Table;
  /** A header of the request behind the middlewares. */
  header: (name: string) => string | null;
  /** Milliseconds since 1970. */
  now: number;
  /** Keys of endpoints that only a cluster knows. */
  leftToCluster: ReadonlySet<string>;
}

/** The service and all below it, with the odds of a request at hand; a child that cannot serve gets nothing. */
export function serviceTree(name: string, context: TreeContext): ServiceNode {
  return build(name, 100, {}, context, new Set());
}

/** Whether a service has anybody who can answer; one that contains itself has not. */
function canServe(name: string, context: TreeContext, above: ReadonlySet<string> = new Set()): boolean {
  const { table, leftToCluster } = context;
  const service = Object.hasOwn(table.services, name) ? table.services[name] : undefined;
  if (service === undefined || above.has(name)) return false;
  const inside = new Set(above).add(name);
  const serves = (below: string): boolean => canServe(below, context, inside);
  switch (service.type) {
    case "loadBalancer": {
      const { endpoints = [], clusterIp } = table.endpoints[service.endpoints] ?? {};
      return endpoints.length > 0 || clusterIp !== undefined || leftToCluster.has(service.endpoints);
    }
    // Which of them it is depends on the request.
    case "routers":
      return true;
    case "status":
      return service.status !== 503;
    case "weighted":
      return service.children.some((one) => one.weight > 0 && serves(one.service));
    case "failover":
      return serves(service.service) || serves(service.fallback);
    case "mirroring":
    case "filtered":
      return serves(service.service);
  }
}

type Place = Pick<ServiceNode, "role" | "weight">;

function build(
  name: string,
  percent: number,
  place: Place,
  context: TreeContext,
  above: ReadonlySet<string>,
): ServiceNode {
  const service = Object.hasOwn(context.table.services, name) ? context.table.services[name] : undefined;
  if (service === undefined || above.has(name)) {
    return { name, type: "unknown", ...place, percent, canServe: false, children: [] };
  }
  const inside = new Set(above).add(name);
  const child = (below: string, share: number, at: Place = {}): ServiceNode => build(below, share, at, context, inside);
  const node = { name, type: service.type, ...place, percent };
  switch (service.type) {
    case "loadBalancer":
      return { ...node, ...loadBalancerPart(service, context), canServe: canServe(name, context), children: [] };
    case "status":
      return { ...node, status: service.status, canServe: service.status !== 503, children: [] };
    case "routers":
      return { ...node, canServe: true, children: [] };
    case "filtered": {
      const inner = child(service.service, percent);
      return { ...node, middlewares: service.middlewares, canServe: inner.canServe, children: [inner] };
    }
    case "mirroring": {
      const main = child(service.service, percent, { role: "main" });
      const mirrors = service.mirrors.map((mirror) =>
        child(mirror.service, (percent * mirror.percent) / 100, { role: "mirror" }),
      );
      return { ...node, canServe: main.canServe, children: [main, ...mirrors] };
    }
    case "failover": {
      const isDown = !canServe(service.service, context) && canServe(service.fallback, context);
      const main = child(service.service, isDown ? 0 : percent, { role: "main" });
      const fallback = child(service.fallback, isDown ? percent : 0, { role: "fallback" });
      return { ...node, canServe: main.canServe || fallback.canServe, children: [main, fallback] };
    }
    case "weighted":
      return { ...node, ...weightedPart(service, percent, context, child) };
  }
}

function loadBalancerPart(
  { endpoints: key, sticky }: Extract<Service, { type: "loadBalancer" }>,
  context: TreeContext,
): Pick<ServiceNode, "endpoints" | "sticky"> {
  const { table, leftToCluster } = context;
  const { endpoints: addresses = [], clusterIp } = table.endpoints[key] ?? {};
  const isLeft = addresses.length === 0 && leftToCluster.has(key);
  return {
    endpoints: { key, addresses, ...(clusterIp && { clusterIp }), leftToCluster: isLeft },
    ...(sticky && { sticky: { ...stickyNode(sticky, context), chooses: "pod" } }),
  };
}

function weightedPart(
  { children, sticky }: Weighted,
  percent: number,
  context: TreeContext,
  child: (name: string, share: number, at?: Place) => ServiceNode,
): Pick<ServiceNode, "canServe" | "sticky" | "children"> {
  const serves = children.map(({ service }) => canServe(service, context));
  const node = sticky && stickyNode(sticky, context);
  const value = node?.value;
  const stuckTo = value === undefined ? -1 : children.findIndex((one) => cookieValues(one).includes(value));
  const isStuck = stuckTo !== -1 && serves[stuckTo] === true;
  const anyServes = isStuck || children.some(({ weight }, index) => weight > 0 && serves[index]);
  // When nobody can serve, the shares are those that the weights would give.
  const effective = children.map(({ weight }, index) => (anyServes && !serves[index] ? 0 : weight));
  const sum = effective.reduce((total, weight) => total + weight, 0);
  const shareOf = (index: number): number => {
    if (isStuck) return index === stuckTo ? percent : 0;
    return sum === 0 ? 0 : (percent * (effective[index] ?? 0)) / sum;
  };
  const leadsTo = children[stuckTo]?.service;
  return {
    canServe: anyServes,
    ...(node && { sticky: { ...node, chooses: "service", ...(leadsTo !== undefined && { leadsTo }) } }),
    children: children.map(({ service, weight }, index) => child(service, shareOf(index), { weight })),
  };
}

const cookieValues = ({ cookieValue, service, legacyCookieValues = [] }: Weighted["children"][number]): string[] => [
  cookieValue ?? service,
  ...legacyCookieValues,
];

function stickyNode(sticky: StickyCookie, { header, now }: TreeContext): Omit<StickyNode, "chooses" | "leadsTo"> {
  const token = readSessionToken(sticky, header, now);
  return {
    cookie: sticky.name,
    ...(sticky.inHeader && { inHeader: true }),
    ...(token !== undefined && { value: token.value }),
  };
}
