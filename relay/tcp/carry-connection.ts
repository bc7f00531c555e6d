import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ServersTransport } from "../../src/table/service.ts";
import type { TcpLoadBalancer } from "../../src/table/tcp.ts";
import { dialTimeoutOf } from "../origin-gateway/connect-options.ts";
import type { DialFailures } from "../origin-gateway/dial-failures.ts";
import { transportOf } from "../origin-gateway/gateway-table.ts";
import type { Target } from "../origin-gateway/target.ts";
import type { SpiffeTls, SpiffeTrust } from "../spiffe/spiffe-trust.ts";
import type { Terminator } from "../tls/terminator.ts";
import { type Choice, type ChoiceState, chooseTargets } from "./choose-targets.ts";
import { dial } from "./dial.ts";
import { greetEndpoint } from "./greet-endpoint.ts";
import { dialHandle } from "./handle/dial-handle.ts";
import type { HandleConnection } from "./handle/handle-connection.ts";
import { writeProxyHeader } from "./proxy-header.ts";
import { asSocket, splice } from "./splice.ts";
import type { StreamTable } from "./stream-table.ts";
import type { RoutedConnection } from "./tcp-listener.ts";
import { admit, type TcpGuard } from "./tcp-middlewares.ts";

/** How a connection ended, for logs and metrics. */
export interface ConnectionEnd {
  entryPoint: string;
  router: string;
  service: string;
  clientAddress: string;
  sni: string | undefined;
  target: string | undefined;
  outcome: "carried" | "refused" | "closed-route" | "handshake-failed" | "no-endpoint" | "unknown-transport";
  /** The middleware that refused it. */
  refusedBy?: string;
  dialAttempts: number;
  bytesIn: number;
  bytesOut: number;
  /** Milliseconds. */
  durationMs: number;
}

/** What all connections of a relay work with. */
export interface Carrier extends ChoiceState {
  failures: DialFailures;
  /** Open connections by the target's authority. */
  connections: Map<string, number>;
  /** How endpoints are known by SPIFFE. */
  spiffe: SpiffeTrust;
  guardsOf(table: StreamTable, names: readonly string[]): readonly TcpGuard[];
  /** What ends TLS with the options of this name. */
  terminatorOf(table: StreamTable, options: string | undefined): Terminator;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** A connection begins to be carried to a target. */
  reached?: ((connection: RoutedConnection, target: Target) => void) | undefined;
  /** A connection was to be carried by a load balancer whose transport is not known. */
  onUnknownTransport(loadBalancer: TcpLoadBalancer): void;
  ended(end: ConnectionEnd): void;
}

/**
 * Takes a connection whose route is known to an endpoint, and carries it until both sides are done. An endpoint that
 * refuses costs the client nothing: the next one is tried, before a byte was sent anywhere.
 */
export async function carryConnection(
  connection: RoutedConnection,
  entryPoint: string,
  carrier: Carrier,
): Promise<void> {
  const { socket, ends, table, route } = connection;
  const { router, hello } = route;
  const startedAt = carrier.now();
  const clientAddress = ends.source.address;
  const end = (outcome: ConnectionEnd["outcome"], target?: Target, dialAttempts = 0, refusedBy?: string): void => {
    const entry: ConnectionEnd = {
      entryPoint,
      router: router.name,
      service: router.service,
      clientAddress,
      sni: hello?.sni,
      target: target?.authority,
      outcome,
      dialAttempts,
      bytesIn: socket.bytesRead,
      bytesOut: socket.bytesWritten,
      durationMs: carrier.now() - startedAt,
    };
    if (refusedBy !== undefined) entry.refusedBy = refusedBy;
    carrier.ended(entry);
  };
  const close = (outcome: ConnectionEnd["outcome"], dialAttempts = 0, refusedBy?: string): void => {
    socket.destroy();
    end(outcome, undefined, dialAttempts, refusedBy);
  };

  if (router.closedBy !== undefined) return close("closed-route");
  if (router.middlewares.length > 0) {
    const admission = admit(carrier.guardsOf(table, router.middlewares), clientAddress);
    if (admission.outcome === "refused") return close("refused", 0, admission.by);
    socket.once("close", admission.leave);
  }

  const isTerminated = router.tls !== undefined && !router.tls.passthrough;
  const client = isTerminated
    ? await carrier.terminatorOf(table, router.tls?.options).accept(asSocket(socket), hello?.sni ?? "")
    : socket;
  if (client === undefined) return end("handshake-failed");
  if (client instanceof TLSSocket) client.on("error", () => {});

  const choice = chooseTargets(router.service, table, clientAddress, carrier);
  if (choice === undefined) return close("no-endpoint");
  const transport = transportOf(choice.loadBalancer, table);
  if (transport === "unknown") {
    carrier.onUnknownTransport(choice.loadBalancer);
    return close("unknown-transport");
  }
  const reached = await reach(choice, transport, client, connection, carrier);
  if (reached.upstream === undefined) return close("no-endpoint", reached.attempts);
  const { upstream, target, attempts } = reached;
  count(carrier.connections, target.authority, 1);
  carrier.reached?.(connection, target);
  splice(client, upstream, {
    terminationDelayMs: choice.loadBalancer.terminationDelayMs,
    onClose: () => {
      count(carrier.connections, target.authority, -1);
      end("carried", target, attempts);
    },
  });
}

type End = Socket | HandleConnection;
type Reached = { attempts: number } & ({ upstream: End; target: Target } | { upstream: undefined });

async function reach(
  { targets, loadBalancer }: Choice,
  transport: ServersTransport | undefined,
  client: End,
  connection: RoutedConnection,
  { failures, spiffe }: Carrier,
): Promise<Reached> {
  const dialEndpoint = dialling(loadBalancer, client, connection, spiffe);
  let attempts = 0;
  for (const target of targets) {
    if (client.destroyed) break;
    attempts += 1;
    try {
      const upstream = await dialEndpoint(target, transport);
      failures.answered(target.authority);
      if (client.destroyed) {
        upstream.destroy();
        break;
      }
      return { attempts, upstream, target };
    } catch {
      failures.failed(target.authority);
    }
  }
  return { attempts, upstream: undefined };
}

type DialEndpoint = (target: Target, transport: ServersTransport | undefined) => Promise<End>;

/** How endpoints are dialled, and told what they must know before the client's bytes. */
function dialling(
  loadBalancer: TcpLoadBalancer,
  client: End,
  connection: RoutedConnection,
  spiffe: SpiffeTrust,
): DialEndpoint {
  // An endpoint that answers before the client's bytes may come is read by others first.
  const isDirect = loadBalancer.tls !== true && !connection.route.isPostgres;
  const { proxyProtocol } = loadBalancer;
  if (isDirect && connection.mayUseHandles && !(client instanceof TLSSocket)) {
    if (proxyProtocol === undefined) return (target, transport) => dialHandle(target, dialTimeoutOf(transport));
    return async (target, transport) => {
      const upstream = await dialHandle(target, dialTimeoutOf(transport));
      upstream.write(writeProxyHeader(proxyProtocol, connection.ends));
      return upstream;
    };
  }
  return async (target, transport) => {
    const dialAndGreet = async (tls?: SpiffeTls): Promise<Socket> => {
      const dialled = await dial(target, dialTimeoutOf(transport), isDirect);
      if (isDirect && proxyProtocol === undefined) return dialled;
      return greetEndpoint(dialled, target, loadBalancer, transport, connection, tls);
    };
    return loadBalancer.tls === true && transport?.spiffe !== undefined
      ? spiffe.connect(transport.spiffe, target.authority, dialAndGreet)
      : dialAndGreet();
  };
}

function count(connections: Map<string, number>, authority: string, change: 1 | -1): void {
  const value = (connections.get(authority) ?? 0) + change;
  if (value === 0) connections.delete(authority);
  else connections.set(authority, value);
}
