import { compileAddressBlock } from "../../src/rule/client-address.ts";
import { compileTcpRule } from "../../src/rule/compile-tcp-rule.ts";
import type { Endpoints } from "../../src/table/service.ts";
import type { Table } from "../../src/table/table.ts";
import type { TcpRouter, UdpRouter } from "../../src/table/tcp.ts";
import { listStreamRoutes } from "../print/routes-table.ts";

/** A connection or a datagram that a client begins with. */
export interface StreamOptions {
  /** `tls`: what the client says first is a ClientHello. */
  protocol: "tcp" | "tls" | "udp";
  /** The name that a client of TLS asks for. */
  name: string;
  port: number;
  /** Where it comes in; else the port tells. */
  entryPoint?: string;
  client: string;
  /** What a client of TLS offers (RFC 7301). */
  alpn: readonly string[];
}

/** A router of the entry point, in the order in which they are tried. */
interface StreamCandidate {
  router: TcpRouter | UdpRouter;
  /** Why it does not take the connection; undefined for the one that does. */
  lost?: string;
}

export interface StreamExplanation {
  entryPoint?: string;
  candidates: StreamCandidate[];
  winner?: TcpRouter | UdpRouter;
  /** What its guards do, a line each. */
  guards: string[];
  /** Where it may go: the endpoints of each load balancer, with its odds in percent. */
  targets: {
    endpoints: string;
    percent: number;
    known: Endpoints["endpoints"];
    /** Only a cluster knows who they are. */
    isLeftToCluster: boolean;
  }[];
  /** Set when nothing is sent on. */
  closedBecause?: string;
}

/**
 * Explains by which route a connection or datagram goes where. Nothing is started or sent.
 *
 * @param leftToCluster keys of endpoints (without the `-udp` of UDP's) that only a cluster knows
 */
export function explainConnection(
  table: Table,
  options: StreamOptions,
  leftToCluster: ReadonlySet<string> = new Set(),
): StreamExplanation {
  const { protocol, client } = options;
  const nothing = { candidates: [], guards: [], targets: [] };
  const entryPoint = options.entryPoint ?? entryPointAt(options, table);
  const own = entryPoint === undefined ? undefined : table.relayEntryPoints[entryPoint];
  if (entryPoint === undefined || own === undefined) {
    const what = protocol === "udp" ? "UDP" : "TCP";
    return { ...nothing, closedBecause: `no entry point takes ${what} on port ${options.port}` };
  }
  const routers = listStreamRoutes(table).flatMap((route) => (route.entryPoint === entryPoint ? [route.router] : []));
  let winner: TcpRouter | UdpRouter | undefined;
  const candidates = routers.map((router): StreamCandidate => {
    const mismatch = mismatchOf(router, options);
    if (mismatch !== undefined) return { router, lost: mismatch };
    if (winner !== undefined) return { router, lost: `matches, but ${winner.name} comes first` };
    winner = router;
    return { router };
  });
  const found = { ...nothing, entryPoint, candidates, ...(winner !== undefined && { winner }) };
  if (winner === undefined) return { ...found, closedBecause: `no route on ${entryPoint} takes it` };
  const tcp = "rule" in winner ? winner : undefined;
  if (tcp?.closedBy !== undefined) return { ...found, closedBecause: `the route is closed: ${tcp.closedBy}` };
  const guards = (tcp?.middlewares ?? []).map((name) => describeGuard(name, table, client));
  const services = tcp === undefined ? table.udpServices : table.tcpServices;
  const targets = targetsOf(winner.service, services).map(({ endpoints, percent }) => {
    const known = table.relayEndpoints[endpoints]?.endpoints ?? [];
    const isLeftToCluster = known.length === 0 && leftToCluster.has(endpoints.replace(/-udp$/, ""));
    return { endpoints, percent, known, isLeftToCluster };
  });
  const refusal = guards.find(({ refuses }) => refuses);
  const isServed = targets.some(
    ({ percent, known, isLeftToCluster }) => percent > 0 && (known.length > 0 || isLeftToCluster),
  );
  return {
    ...found,
    guards: guards.map(({ text }) => text),
    targets,
    ...(refusal !== undefined && { closedBecause: refusal.text }),
    ...(refusal === undefined && !isServed && { closedBecause: "no endpoint can take it" }),
  };
}

function entryPointAt({ protocol, port }: StreamOptions, { relayEntryPoints }: Table): string | undefined {
  const wanted = protocol === "udp" ? "udp" : "tcp";
  return Object.keys(relayEntryPoints).find(
    (name) => relayEntryPoints[name]?.port === port && relayEntryPoints[name]?.protocol === wanted,
  );
}

function mismatchOf(router: TcpRouter | UdpRouter, options: StreamOptions): string | undefined {
  if (!("rule" in router)) return undefined;
  const { protocol, name, alpn, client } = options;
  if ((router.tls !== undefined) !== (protocol === "tls")) {
    return router.tls === undefined ? "takes connections without TLS" : "takes connections of TLS";
  }
  const facts = protocol === "tls" ? { sni: name, alpn } : { sni: "", alpn: [] };
  return compileTcpRule(router.rule)({ ...facts, clientAddress: client }) ? undefined : "its rule does not match";
}

function describeGuard(name: string, table: Table, client: string): { text: string; refuses: boolean } {
  const guard = table.tcpMiddlewares[name];
  if (guard === undefined) return { text: `${name} does not exist`, refuses: true };
  if (guard.type === "inFlightConn") {
    return { text: `${name} lets an address have ${guard.amount} connections at a time`, refuses: false };
  }
  const isIn = guard.sourceRange.some((block) => compileAddressBlock(block)?.(client) ?? false);
  return { text: `${name} ${isIn ? "lets" : "does not let"} ${client} in`, refuses: !isIn };
}

type Services = Table["tcpServices"] | Table["udpServices"];

function targetsOf(
  name: string,
  services: Services,
  percent = 100,
  above: readonly string[] = [],
): { endpoints: string; percent: number }[] {
  const service = Object.hasOwn(services, name) ? services[name] : undefined;
  if (service === undefined || above.includes(name)) return [];
  if (service.type === "loadBalancer") return [{ endpoints: service.endpoints, percent }];
  const total = service.children.reduce((sum, { weight }) => sum + weight, 0);
  return service.children.flatMap(({ service: child, weight }) =>
    targetsOf(child, services, total === 0 ? 0 : (percent * weight) / total, [...above, name]),
  );
}
