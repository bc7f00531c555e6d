import type { BalanceState } from "../../src/balance/balance-state.ts";
import type { TokenVerifier } from "../../src/hop/token.ts";
import type { DialFailures } from "./dial-failures.ts";
import type { EndpointPools } from "./endpoint-pools.ts";
import type { GatewayTableSource } from "./gateway-table.ts";

/** What all requests of a gateway work with. */
export interface Gateway {
  readonly source: GatewayTableSource;
  readonly verifier: TokenVerifier;
  readonly balance: BalanceState;
  readonly failures: DialFailures;
  readonly pools: EndpointPools;
  readonly counters: GatewayCounters;
  /** Whether the table is known to be that of the moment. Else any Pod may be ending. */
  readonly isTableLive: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface GatewayCounters {
  requests: number;
  /** Hops that carried no valid token for their service. */
  unauthorized: number;
  /** Connections that a target refused. */
  refusedDials: number;
  /** Requests that no Pod answered. */
  failed: number;
}
