import { ProbeSchedule, type WantedProbe } from "../health/probe-schedule.ts";
import { transportOf } from "../origin-gateway/gateway-table.ts";
import { targetsOf } from "../origin-gateway/target.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import type { Probe } from "./probe-endpoint.ts";

type HealthTable = Pick<StreamTable, "tcpServices" | "relayEndpoints" | "serversTransports">;

/** Probes the endpoints of the TCP services that ask for it, for as long as the table has them. */
export class HealthChecks extends ProbeSchedule<Probe> {
  #table: HealthTable | undefined;

  /** Probes what this table has. */
  take({ tcpServices, relayEndpoints, serversTransports }: HealthTable): void {
    const before = this.#table;
    const table = { tcpServices, relayEndpoints, serversTransports };
    this.#table = table;
    const isSame =
      before?.tcpServices === tcpServices &&
      before.relayEndpoints === relayEndpoints &&
      before.serversTransports === serversTransports;
    if (!isSame) this.follow(probesOf(table));
  }
}

function* probesOf({ tcpServices, relayEndpoints, serversTransports }: HealthTable): Generator<WantedProbe<Probe>> {
  for (const [service, loadBalancer] of Object.entries(tcpServices)) {
    if (loadBalancer.type !== "loadBalancer" || loadBalancer.healthCheck === undefined) continue;
    const { healthCheck, tls, proxyProtocol } = loadBalancer;
    const endpoints = relayEndpoints[loadBalancer.endpoints];
    const transport = transportOf(loadBalancer, { serversTransports });
    if (endpoints === undefined || transport === "unknown") continue;
    const options = { ...(tls !== undefined && { tls }), ...(proxyProtocol !== undefined && { proxyProtocol }) };
    const { intervalMs } = healthCheck;
    for (const target of targetsOf(endpoints).candidates) {
      const probe = { target, healthCheck, loadBalancer: options, transport };
      yield { service, endpoint: target.authority, probe, intervalMs, unhealthyIntervalMs: intervalMs };
    }
  }
}
