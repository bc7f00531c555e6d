import type { LoadBalancer } from "../../src/table/service.ts";
import { type GatewayTable, transportOf } from "../origin-gateway/gateway-table.ts";
import { type Target, targetsOf } from "../origin-gateway/target.ts";
import type { HttpProbe } from "./probe-http.ts";
import type { ProbeSchedule, WantedProbe } from "./probe-schedule.ts";

/**
 * Probes the endpoints of the load balancers that ask for it, for as long as the table has them. Load balancers that ask
 * for the same of the same endpoints, as those of many routes to one Service do, share the probes.
 */
export class HttpHealth {
  readonly #schedule: ProbeSchedule<HttpProbe>;
  readonly #checks = new WeakMap<LoadBalancer, string>();
  #table: GatewayTable | undefined;

  constructor(schedule: ProbeSchedule<HttpProbe>) {
    this.#schedule = schedule;
  }

  /** Probes what this table has. */
  take(table: GatewayTable): void {
    const before = this.#table;
    this.#table = table;
    const isSame =
      before?.services === table.services &&
      before.endpoints === table.endpoints &&
      before.serversTransports === table.serversTransports;
    if (!isSame) this.#schedule.follow(this.#probesOf(table));
  }

  /** Whether an endpoint failed the last probe of a load balancer's health check. */
  isDown(service: LoadBalancer, { authority }: Pick<Target, "authority">): boolean {
    if (service.healthCheck === undefined || this.#schedule.isEmpty) return false;
    return this.#schedule.isDown(this.#checkOf(service), authority);
  }

  /** Takes an endpoint down until a probe of it passes. */
  takeDown(service: LoadBalancer, { authority }: Pick<Target, "authority">): void {
    this.#schedule.takeDown(this.#checkOf(service), authority);
  }

  /** How endpoints are, and how many probes have passed and failed, by the name of their list of endpoints. */
  stats(): { endpoints: EndpointState[]; probes: { service: string; passed: number; failed: number }[] } {
    const endpoints = new Map<string, EndpointState>();
    for (const { service: check, endpoint, isUp } of this.#schedule.list()) {
      const service = serviceOf(check);
      const key = `${service} ${endpoint}`;
      endpoints.set(key, { service, endpoint, isUp: isUp && endpoints.get(key)?.isUp !== false });
    }
    const probes = new Map<string, { service: string; passed: number; failed: number }>();
    for (const [check, { passed, failed }] of this.#schedule.results()) {
      const service = serviceOf(check);
      const sum = probes.get(service) ?? { service, passed: 0, failed: 0 };
      probes.set(service, { service, passed: sum.passed + passed, failed: sum.failed + failed });
    }
    return { endpoints: [...endpoints.values()], probes: [...probes.values()] };
  }

  close(): void {
    this.#schedule.close();
  }

  /** Names what is asked of which endpoints: what the schedule takes for a service. */
  #checkOf(service: LoadBalancer): string {
    let check = this.#checks.get(service);
    if (check === undefined) {
      const { endpoints, healthCheck, scheme, serversTransport = "" } = service;
      check = `${endpoints} ${JSON.stringify([healthCheck, scheme, serversTransport])}`;
      this.#checks.set(service, check);
    }
    return check;
  }

  *#probesOf(table: GatewayTable): Generator<WantedProbe<HttpProbe>> {
    const seen = new Set<string>();
    for (const service of Object.values(table.services)) {
      if (service.type !== "loadBalancer" || service.healthCheck === undefined) continue;
      const check = this.#checkOf(service);
      const endpoints = Object.hasOwn(table.endpoints, service.endpoints)
        ? table.endpoints[service.endpoints]
        : undefined;
      if (seen.has(check) || endpoints === undefined) continue;
      seen.add(check);
      const { healthCheck, scheme } = service;
      const { intervalMs, unhealthyIntervalMs } = healthCheck;
      const transport = transportOf(service, table);
      if (transport === "unknown") continue;
      for (const { address, authority } of targetsOf(endpoints).candidates) {
        const probe = { target: { address, authority }, healthCheck, scheme, transport };
        yield { service: check, endpoint: authority, probe, intervalMs, unhealthyIntervalMs };
      }
    }
  }
}

/** What a probed endpoint is to the outside. */
export interface EndpointState {
  /** Its key in the table's endpoints. */
  service: string;
  endpoint: string;
  isUp: boolean;
}

const serviceOf = (check: string): string => check.slice(0, check.indexOf(" "));
