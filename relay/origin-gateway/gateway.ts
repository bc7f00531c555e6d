import type { BalanceState } from "../../src/balance/balance-state.ts";
import type { TokenVerifier } from "../../src/hop/token.ts";
import type { DialFailures } from "./dial-failures.ts";
import type { EndpointPools } from "./endpoint-pools.ts";
import type { GatewayTable, GatewayTableSource } from "./gateway-table.ts";

/** What all requests of a gateway work with. */
export interface Gateway {
  readonly source: GatewayTableSource;
  readonly verifier: TokenVerifier;
  readonly balance: BalanceState;
  readonly failures: DialFailures;
  readonly pools: EndpointPools;
  readonly counters: GatewayCounters;
}

export interface GatewayCounters {
  requests: number;
  /** Hops that carried no valid token for their service. */
  unauthorized: number;
  /** Requests that went to another endpoint after a refused connection. */
  dialRetries: number;
  /** Requests that no Pod answered. */
  failed: number;
}

export type { GatewayTable };
