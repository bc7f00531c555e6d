import { createBalanceState } from "../../src/balance/balance-state.ts";
import { type Certificate, DEFAULT_TLS_OPTIONS } from "../../src/table/tls.ts";
import { createDialFailures } from "../origin-gateway/dial-failures.ts";
import { createTransportLog } from "../origin-gateway/transport-log.ts";
import { type SpiffeTrust, withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import { type CertificateSet, createCertificateSet } from "../tls/certificate-set.ts";
import { createTerminator, refusingTerminator, type Terminator } from "../tls/terminator.ts";
import type { Carrier, ConnectionEnd } from "./carry-connection.ts";
import type { StreamTable } from "./stream-table.ts";
import { compileTcpMiddleware, type TcpGuard } from "./tcp-middlewares.ts";

export interface CarrierOptions {
  /** The newest table: certificates are taken from it even by connections that an older one routed. */
  table: () => StreamTable;
  /** Shown where the table has no certificate for a name and no default. */
  fallbackCertificate?: Certificate;
  handshakeTimeoutMs: number;
  spiffe?: SpiffeTrust;
  random: () => number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  health?: Carrier["health"];
  reached?: Carrier["reached"];
  /** Takes what keeps connections from being carried whoever the client is. */
  log: (message: string, reason: string) => void;
  ended: (end: ConnectionEnd) => void;
}

/** One for a relay: what it knows of endpoints and clients outlives every table. */
export function createCarrier(options: CarrierOptions): Carrier {
  const {
    table,
    fallbackCertificate,
    handshakeTimeoutMs,
    spiffe = withoutSpiffe,
    random,
    now,
    health,
    reached,
    log,
    ended,
  } = options;
  const inFlight = new Map<string, number>();
  const guards = new WeakMap<StreamTable["tcpMiddlewares"], Map<string, TcpGuard>>();
  const sets = new WeakMap<StreamTable["certificates"], CertificateSet>();
  const terminators = new WeakMap<object, Terminator>();
  const defaults = {};

  const certificates = (): CertificateSet => {
    const { certificates: current } = table();
    let set = sets.get(current);
    if (set === undefined) {
      set = createCertificateSet(current, fallbackCertificate);
      sets.set(current, set);
    }
    return set;
  };

  const guardOf = ({ tcpMiddlewares }: StreamTable, name: string): TcpGuard => {
    let known = guards.get(tcpMiddlewares);
    if (known === undefined) {
      known = new Map();
      guards.set(tcpMiddlewares, known);
    }
    let guard = known.get(name);
    if (guard === undefined) {
      const middleware = Object.hasOwn(tcpMiddlewares, name) ? tcpMiddlewares[name] : undefined;
      // A name without a middleware guards against everyone.
      guard = compileTcpMiddleware(name, middleware ?? { type: "ipAllowList", sourceRange: [] }, inFlight);
      known.set(name, guard);
    }
    return guard;
  };

  return {
    balance: createBalanceState({ random }),
    failures: createDialFailures(now),
    connections: new Map(),
    spiffe,
    random,
    now,
    health,
    reached,
    onUnknownTransport: createTransportLog(log),
    ended,
    guardsOf: (current, names) => names.map((name) => guardOf(current, name)),
    terminatorOf({ tlsOptions }, given) {
      const name = given ?? DEFAULT_TLS_OPTIONS;
      const tls = Object.hasOwn(tlsOptions, name) ? tlsOptions[name] : undefined;
      // Options that are named may ask for clients' certificates: none stand in for them.
      if (tls === undefined && given !== undefined) return refusingTerminator;
      let terminator = terminators.get(tls ?? defaults);
      if (terminator === undefined) {
        terminator = createTerminator({ options: tls, certificates, handshakeTimeoutMs });
        terminators.set(tls ?? defaults, terminator);
      }
      return terminator;
    },
  };
}
