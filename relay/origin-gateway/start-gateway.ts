import { createBalanceState } from "../../src/balance/balance-state.ts";
import { HOP_HEADER } from "../../src/hop/hop.ts";
import type { TokenVerifier } from "../../src/hop/token.ts";
import { Choices } from "../health/choices.ts";
import { HttpHealth } from "../health/http-health.ts";
import { type HttpProbe, probeHttp } from "../health/probe-http.ts";
import { ProbeSchedule } from "../health/probe-schedule.ts";
import { type SpiffeTrust, withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import { answerFailure, answerText } from "./answer.ts";
import { listenForClients } from "./client-listener.ts";
import { createDialFailures } from "./dial-failures.ts";
import { EndpointPools } from "./endpoint-pools.ts";
import { createCounters, type Gateway, type GatewayCounters } from "./gateway.ts";
import type { GatewayTable, GatewayTableSource } from "./gateway-table.ts";
import { GuardSet, type GuardStats } from "./guards/guard-set.ts";
import { handleRequest } from "./handle-request.ts";
import { KnownHops } from "./known-hops.ts";
import { createTransportLog } from "./transport-log.ts";

export interface GatewayOptions {
  table: GatewayTableSource;
  verifier: TokenVerifier;
  /** `reusePort`: other processes listen there too, and the system shares connections out among them. */
  listen: { host: string; port: number; reusePort?: boolean };
  /**
   * Whether the table is known to be that of the moment. While it is not, uploads wait a little longer, each on a
   * connection of its own. Default: always.
   */
  isTableLive?: () => boolean;
  /** Shared with others that take requests, so that all are counted together. Default: its own. */
  guards?: GuardSet;
  /** How Pods are known by SPIFFE. Default: none of them is. */
  spiffe?: SpiffeTrust;
  /** Milliseconds since 1970. */
  now: () => number;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  /** Told of errors that no client sees. */
  log?: (message: string, error: unknown) => void;
  /** Takes what becomes of the health of endpoints. */
  logHealth?: (level: "info" | "warn", message: string, fields: object) => void;
  /** Told of each request's end, upgraded connections left out. */
  onRequestEnd?: (seconds: number) => void;
}

export interface RunningGateway {
  address: { host: string; port: number };
  /** To be told of each new table, so that connections to endpoints that are gone are let go. */
  tableChanged(table: GatewayTable): void;
  /** How endpoints are chosen where their service asks for more than turns: for others that send to them. */
  readonly choices: Choices;
  /** What probes have found. */
  health(): ReturnType<HttpHealth["stats"]>;
  stats(): GatewayCounters & { pools: number; openRequests: number; openConnections: number; guards: GuardStats };
  /** Stops accepting, lets requests finish for so long, then ends them. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts the origin gateway: takes requests from the edge over HTTP/1.1 or HTTP/2 and sends them to the Pods of the
 * table.
 */
export async function startOriginGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { table, verifier, listen, now, random, log = () => {}, onRequestEnd = () => {} } = options;
  const { isTableLive = () => true, logHealth = () => {}, spiffe = withoutSpiffe } = options;
  const health = new HttpHealth(
    new ProbeSchedule({ probe: (probe: HttpProbe) => probeHttp(probe, spiffe), random, log: logHealth }),
  );
  const choices = new Choices({
    health,
    now,
    random,
    onEjected: ({ endpoints }, { authority }) =>
      logHealth("warn", "an endpoint is left out, since requests to it failed", {
        service: endpoints,
        endpoint: authority,
      }),
  });
  const gateway: Gateway = {
    source: table,
    verifier,
    hops: new KnownHops(),
    balance: createBalanceState({ random }),
    failures: createDialFailures(now),
    choices,
    pools: new EndpointPools(now, spiffe),
    guards: options.guards ?? new GuardSet({ now, random }),
    counters: createCounters(),
    isTableLive,
    onUnknownTransport: createTransportLog(log),
    now,
  };
  let openRequests = 0;

  const listener = await listenForClients(listen, (client) => {
    if (client.target === "/ping" && client.method === "GET" && client.headers[HOP_HEADER] === undefined) {
      return answerText(client, 200, "OK");
    }
    if (client.upgrade === undefined) {
      openRequests++;
      const begun = performance.now();
      client.onClose(() => {
        openRequests--;
        onRequestEnd((performance.now() - begun) / 1000);
      });
    }
    handleRequest(client, gateway).catch((error: unknown) => {
      log("a request failed", error);
      if (client.hasBegun) client.cut();
      else answerFailure(client, "broken");
    });
  });
  return {
    address: listener.address,
    tableChanged(current) {
      const authorities = gateway.pools.retain(current);
      gateway.failures.retain(authorities);
      choices.retain(authorities);
      health.take(current);
      gateway.guards.retain(current.middlewares);
    },
    choices,
    health: () => health.stats(),
    stats: () => ({
      ...gateway.counters,
      refused: { ...gateway.counters.refused },
      pools: gateway.pools.size,
      openRequests,
      guards: gateway.guards.stats(),
      openConnections: listener.openConnections(),
    }),
    async close(graceMs = 0) {
      health.close();
      await listener.close(graceMs);
      await gateway.pools.destroy();
    },
  };
}
