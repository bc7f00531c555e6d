import { isEqual } from "../../src/table/is-equal.ts";
import { targetsOf } from "../origin-gateway/target.ts";
import type { StreamTable } from "../tcp/stream-table.ts";
import type { Probe } from "./probe-endpoint.ts";

type HealthTable = Pick<StreamTable, "tcpServices" | "relayEndpoints" | "serversTransports">;

export interface HealthChecksOptions {
  /** Rejects when the endpoint does not pass. */
  probe: (probe: Probe) => Promise<void>;
  /** In [0, 1). */
  random: () => number;
  log: (level: "info" | "warn", message: string, fields: object) => void;
}

/** An endpoint of one service, and how it is. */
export interface EndpointHealth {
  service: string;
  endpoint: string;
  isUp: boolean;
}

interface Check extends EndpointHealth {
  probe: Probe;
  timer: NodeJS.Timeout | undefined;
  isGone: boolean;
}

const MAX_PROBES_AT_ONCE = 64;
/** The first probes of a table, or of a new endpoint, come within this time. */
const FIRST_MS = 1_000;

/**
 * Probes the endpoints of the services that ask for it, for as long as the table has them. An endpoint is up until a
 * probe of it fails, and then until one passes.
 */
export class HealthChecks {
  readonly #options: HealthChecksOptions;
  readonly #checks = new Map<string, Check>();
  readonly #results = new Map<string, { passed: number; failed: number }>();
  /** Those that are due and wait for others to end. */
  readonly #due: Check[] = [];
  #probing = 0;
  #down = 0;
  #table: HealthTable | undefined;
  #isClosed = false;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  /** Whether nothing is down. */
  get isEmpty(): boolean {
    return this.#down === 0;
  }

  isDown(service: string, endpoint: string): boolean {
    return this.#down > 0 && this.#checks.get(keyOf(service, endpoint))?.isUp === false;
  }

  /** Probes what this table has. What is known of an endpoint stays. */
  take(table: HealthTable): void {
    const { tcpServices, relayEndpoints, serversTransports } = table;
    if (this.#isClosed) return;
    const before = this.#table;
    this.#table = { tcpServices, relayEndpoints, serversTransports };
    const isSame =
      before?.tcpServices === tcpServices &&
      before.relayEndpoints === relayEndpoints &&
      before.serversTransports === serversTransports;
    if (isSame) return;
    const wanted = new Set<string>();
    for (const { service, probe } of probesOf(table)) {
      const endpoint = probe.target.authority;
      const key = keyOf(service, endpoint);
      wanted.add(key);
      const known = this.#checks.get(key);
      if (known !== undefined && isEqual(known.probe, probe)) continue;
      const check = known ?? { service, endpoint, isUp: true, probe, timer: undefined, isGone: false };
      check.probe = probe;
      this.#checks.set(key, check);
      this.#probeIn(check, this.#options.random() * Math.min(FIRST_MS, probe.healthCheck.intervalMs));
    }
    for (const [key, check] of this.#checks) if (!wanted.has(key)) this.#forget(key, check);
    const services = new Set([...this.#checks.values()].map(({ service }) => service));
    for (const service of this.#results.keys()) if (!services.has(service)) this.#results.delete(service);
  }

  list(): Iterable<EndpointHealth> {
    return this.#checks.values();
  }

  /** How many probes have passed and failed, by service. */
  results(): ReadonlyMap<string, { passed: number; failed: number }> {
    return this.#results;
  }

  close(): void {
    this.#isClosed = true;
    for (const [key, check] of this.#checks) this.#forget(key, check);
  }

  #forget(key: string, check: Check): void {
    clearTimeout(check.timer);
    check.isGone = true;
    if (!check.isUp) this.#down -= 1;
    this.#checks.delete(key);
  }

  #probeIn(check: Check, ms: number): void {
    clearTimeout(check.timer);
    check.timer = setTimeout(() => {
      this.#due.push(check);
      this.#probeDue();
    }, ms);
  }

  #probeDue(): void {
    while (this.#probing < MAX_PROBES_AT_ONCE) {
      const check = this.#due.shift();
      if (check === undefined) return;
      if (!check.isGone) void this.#probe(check);
    }
  }

  async #probe(check: Check): Promise<void> {
    const { probe, random } = this.#options;
    this.#probing += 1;
    const reason = await probe(check.probe).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    this.#probing -= 1;
    if (!check.isGone) {
      this.#note(check, reason);
      this.#probeIn(check, check.probe.healthCheck.intervalMs * (0.9 + random() / 5));
    }
    this.#probeDue();
  }

  #note(check: Check, reason: string | undefined): void {
    const { service, endpoint, isUp } = check;
    const results = this.#results.get(service) ?? { passed: 0, failed: 0 };
    this.#results.set(service, results);
    if (reason === undefined) results.passed += 1;
    else results.failed += 1;
    check.isUp = reason === undefined;
    if (check.isUp === isUp) return;
    this.#down += check.isUp ? -1 : 1;
    const { log } = this.#options;
    if (check.isUp) log("info", "an endpoint passes its health check again", { service, endpoint });
    else log("warn", "an endpoint does not pass its health check", { service, endpoint, reason });
  }
}

const keyOf = (service: string, endpoint: string): string => `${service} ${endpoint}`;

function* probesOf({ tcpServices, relayEndpoints, serversTransports }: HealthTable): Generator<{
  service: string;
  probe: Probe;
}> {
  for (const [service, loadBalancer] of Object.entries(tcpServices)) {
    if (loadBalancer.type !== "loadBalancer" || loadBalancer.healthCheck === undefined) continue;
    const { healthCheck, tls, proxyProtocol, serversTransport } = loadBalancer;
    const endpoints = relayEndpoints[loadBalancer.endpoints];
    if (endpoints === undefined) continue;
    const transport = serversTransport === undefined ? undefined : serversTransports[serversTransport];
    const options = { ...(tls !== undefined && { tls }), ...(proxyProtocol !== undefined && { proxyProtocol }) };
    for (const target of targetsOf(endpoints).candidates) {
      yield { service, probe: { target, healthCheck, loadBalancer: options, transport } };
    }
  }
}
