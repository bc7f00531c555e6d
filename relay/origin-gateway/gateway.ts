import type { BalanceState } from "../../src/balance/balance-state.ts";
import type { TokenRefusal, TokenVerifier } from "../../src/hop/token.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { Choices } from "../health/choices.ts";
import type { DialFailures } from "./dial-failures.ts";
import type { EndpointPools } from "./endpoint-pools.ts";
import type { GatewayTableSource } from "./gateway-table.ts";
import type { GuardSet } from "./guards/guard-set.ts";
import type { KnownHops } from "./known-hops.ts";

/** What all requests of a gateway work with. */
export interface Gateway {
  readonly source: GatewayTableSource;
  readonly verifier: TokenVerifier;
  readonly hops: KnownHops;
  readonly balance: BalanceState;
  readonly failures: DialFailures;
  readonly choices: Choices;
  readonly pools: EndpointPools;
  readonly guards: GuardSet;
  readonly counters: GatewayCounters;
  /** Whether the table is known to be that of the moment. Else any Pod may be ending. */
  readonly isTableLive: () => boolean;
  /** Told of each request to a load balancer whose transport is not known. */
  readonly onUnknownTransport: (service: LoadBalancer) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Why a request from the edge was not admitted. `no-hop`: it had none, or one that no edge packs; `unknown-service`: its
 * token is good, and the table does not know the service; `unknown-transport`: nor how its Pods are to be connected to;
 * `unknown-middleware`: it is to be held to one that the table does not have; the others are a token's.
 */
export type Refusal = TokenRefusal | "no-hop" | "unknown-service" | "unknown-transport" | "unknown-middleware";

export interface GatewayCounters {
  requests: number;
  /** Hops that carried no valid token for their service. */
  unauthorized: number;
  /** The same and more, by reason. */
  refused: Record<Refusal, number>;
  /** Connections that a target refused. */
  refusedDials: number;
  /** Requests that no Pod answered. */
  failed: number;
}

export const createCounters = (): GatewayCounters => ({
  requests: 0,
  unauthorized: 0,
  refused: {
    "no-hop": 0,
    forged: 0,
    expired: 0,
    early: 0,
    "other-service": 0,
    "unknown-service": 0,
    "unknown-transport": 0,
    "unknown-middleware": 0,
  },
  refusedDials: 0,
  failed: 0,
});
