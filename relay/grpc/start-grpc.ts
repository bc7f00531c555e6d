import type { Socket } from "node:net";
import type { AccessLogs } from "../../src/access-log/log-exchange.ts";
import { recordOrigin } from "../../src/access-log/record-origin.ts";
import { createBalanceState } from "../../src/balance/balance-state.ts";
import type { MiddlewareRuntime } from "../../src/middleware/runtime.ts";
import type { Table } from "../../src/table/table.ts";
import { type Certificate, DEFAULT_TLS_OPTIONS } from "../../src/table/tls.ts";
import type { Choices } from "../health/choices.ts";
import { createDialFailures } from "../origin-gateway/dial-failures.ts";
import { EndpointPools } from "../origin-gateway/endpoint-pools.ts";
import type { GatewayTable } from "../origin-gateway/gateway-table.ts";
import { GuardSet } from "../origin-gateway/guards/guard-set.ts";
import { createTransportLog } from "../origin-gateway/transport-log.ts";
import { type SpiffeTrust, withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import type { Companion } from "../tcp/companion.ts";
import type { ProxiedConnection } from "../tcp/proxy-header.ts";
import { type CertificateSet, createCertificateSet } from "../tls/certificate-set.ts";
import { createTerminator, type Terminator } from "../tls/terminator.ts";
import { type CallTable, createCallRoutes } from "./call-routes.ts";
import type { ClientCall } from "./client-call.ts";
import { type CallConnection, type CallEnd, type CallState, handleCall } from "./handle-call.ts";
import { createCallSend } from "./send-call.ts";
import { SessionSet } from "./session-set.ts";

type GrpcTable = CallTable & Pick<Table, "certificates" | "tlsOptions" | "relayEntryPoints">;

export interface GrpcOptions {
  table: GrpcTable;
  /** Whether calls come in at an entry point. */
  serves: (entryPoint: string) => boolean;
  runtime: MiddlewareRuntime;
  /** Shown where the table has no certificate for a name, and no default. */
  fallbackCertificate?: Certificate;
  handshakeTimeoutMs: number;
  /** Shared with the origin gateway, so that calls and requests are counted together. Default: its own. */
  guards?: GuardSet;
  /** The origin gateway's, which knows of endpoints how they are. Default: endpoints take turns. */
  choices?: Choices;
  /** How Pods are known by SPIFFE. Default: none of them is. */
  spiffe?: SpiffeTrust;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  /** @param isLogged whether it has its line in the entry point's access log */
  ended: (end: CallEnd, isLogged: boolean) => void;
  accessLogs: AccessLogs;
  log: (message: string, error: unknown) => void;
}

/** What carries gRPC in a program. */
export interface Grpc {
  /** Takes the connections of an entry point that no route of TCP takes; undefined where no calls come in. */
  companion(entryPoint: string): Companion | undefined;
  /** Speaks HTTP/2 over a connection whose TLS, if it has any, is ended. */
  serve(socket: Socket, connection: CallConnection): void;
  /** Routes by this table from now on. Calls that are under way go on as they began. */
  take(table: GrpcTable): void;
  stats(): { openCalls: number; connections: number; refusedDials: number; failedHandshakes: number };
  /** Lets clients know that connections end, waits for calls to end, then ends them. */
  close(graceMs?: number): Promise<void>;
}

/** Clients that offer it speak HTTP/2; others have nothing to say here. */
const ALPN = ["h2"];

/** Starts what carries gRPC. It listens nowhere: connections are handed to it. */
export function startGrpc(options: GrpcOptions): Grpc {
  const { serves, runtime, random, now, ended, log, fallbackCertificate, handshakeTimeoutMs, accessLogs } = options;
  let table = options.table;
  let gatewayTable = toGatewayTable(table);
  let refusedDials = 0;
  let failedHandshakes = 0;
  const guards = options.guards ?? new GuardSet({ now, random });
  const pools = new EndpointPools(now, options.spiffe ?? withoutSpiffe);
  const failures = createDialFailures(now);
  const balance = createBalanceState({ random });
  const calls = new WeakMap<Request, ClientCall>();
  const limitsOf = (name: string) => table.relayEntryPoints[name];
  const callSend = createCallSend({
    callOf: (request) => calls.get(request),
    table: () => gatewayTable,
    pools,
    failures,
    balance,
    guards,
    choices: options.choices,
    onRefusedDial: () => refusedDials++,
    onUnknownTransport: createTransportLog(log),
  });
  const send = recordOrigin(callSend, accessLogs.now);
  const state: CallState = {
    table: () => table,
    routes: createCallRoutes(serves, {
      balance,
      gateway: send,
      direct: send,
      runtime,
      count: () => {},
      report: (event) => log("a route cannot be served", JSON.stringify(event)),
      startTimer(callback, ms) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    }),
    calls,
    now,
    ended,
    accessLogs,
    limitsOf,
    log,
  };
  const sessions = new SessionSet({
    take: (stream, headers, connection) => handleCall(stream, headers, connection, state),
    limitsOf,
    now,
  });

  const sets = new WeakMap<Table["certificates"], CertificateSet>();
  const certificates = (): CertificateSet => {
    let set = sets.get(table.certificates);
    if (set === undefined) {
      set = createCertificateSet(table.certificates, fallbackCertificate);
      sets.set(table.certificates, set);
    }
    return set;
  };
  const terminators = new WeakMap<object, Terminator>();
  const terminator = (): Terminator => {
    const key = table.tlsOptions[DEFAULT_TLS_OPTIONS] ?? NO_OPTIONS;
    let known = terminators.get(key);
    if (known === undefined) {
      known = createTerminator({ options: { ...key, alpnProtocols: ALPN }, certificates, handshakeTimeoutMs });
      terminators.set(key, known);
    }
    return known;
  };
  const accept = async (socket: Socket, entryPoint: string, ends: ProxiedConnection, sni: string | undefined) => {
    const clientAddress = ends.source.address;
    if (sni === undefined) return sessions.serve(socket, { entryPoint, clientAddress, tls: false });
    const encrypted = await terminator().accept(socket, sni);
    if (encrypted === undefined) {
      failedHandshakes++;
      return;
    }
    encrypted.on("error", () => {});
    if (encrypted.alpnProtocol === "h2") sessions.serve(encrypted, { entryPoint, clientAddress, tls: true });
    else encrypted.destroy();
  };

  return {
    companion: (entryPoint) =>
      serves(entryPoint)
        ? {
            takesTls: true,
            claims: () => false,
            take(socket, ends, hello) {
              accept(socket, entryPoint, ends, hello && (hello.sni ?? "")).catch((error: unknown) => {
                log("a connection could not be taken", error);
                socket.destroy();
              });
            },
          }
        : undefined,
    serve: (socket, connection) => sessions.serve(socket, connection),
    take(next) {
      table = next;
      gatewayTable = toGatewayTable(next);
      failures.retain(pools.retain(gatewayTable));
      if (options.guards === undefined) guards.retain(gatewayTable.middlewares);
    },
    stats: () => ({ openCalls: sessions.openCalls, connections: sessions.connections, refusedDials, failedHandshakes }),
    async close(graceMs = 0) {
      await sessions.close(graceMs);
      await pools.destroy();
    },
  };
}

const NO_OPTIONS = {};

/** The pointer is the edge's affair. */
const toGatewayTable = ({ services, endpoints, serversTransports, middlewares }: CallTable): GatewayTable => ({
  pointer: { publisher: "", epoch: 0, generation: 0, root: "" },
  services,
  endpoints,
  serversTransports,
  middlewares,
});
