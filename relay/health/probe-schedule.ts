import { isEqual } from "../../src/table/is-equal.ts";

export interface ProbeScheduleOptions<P> {
  /** Rejects when the endpoint does not pass. */
  probe: (probe: P) => Promise<void>;
  /** In [0, 1). */
  random: () => number;
  log: (level: "info" | "warn", message: string, fields: object) => void;
}

/** One endpoint of one service that is to be probed, in milliseconds. */
export interface WantedProbe<P> {
  service: string;
  endpoint: string;
  probe: P;
  intervalMs: number;
  /** While it does not pass. */
  unhealthyIntervalMs: number;
}

/** An endpoint of one service, and how it is. */
export interface EndpointHealth {
  service: string;
  endpoint: string;
  isUp: boolean;
}

interface Check<P> extends EndpointHealth, WantedProbe<P> {
  timer: NodeJS.Timeout | undefined;
  isGone: boolean;
}

const MAX_PROBES_AT_ONCE = 64;
/** The first probes of a table, or of a new endpoint, come within this time. */
const FIRST_MS = 1_000;

/**
 * Probes endpoints at their intervals, give or take a tenth, and never many at one time. An endpoint is up until a probe
 * of it fails, and then until one passes.
 */
export class ProbeSchedule<P> {
  readonly #options: ProbeScheduleOptions<P>;
  readonly #checks = new Map<string, Check<P>>();
  readonly #results = new Map<string, { passed: number; failed: number }>();
  /** Those that are due and wait for others to end. */
  readonly #due: Check<P>[] = [];
  #probing = 0;
  #down = 0;
  #isClosed = false;

  constructor(options: ProbeScheduleOptions<P>) {
    this.#options = options;
  }

  /** Whether nothing is down. */
  get isEmpty(): boolean {
    return this.#down === 0;
  }

  isDown(service: string, endpoint: string): boolean {
    return this.#down > 0 && this.#checks.get(keyOf(service, endpoint))?.isUp === false;
  }

  /** Probes these from now on, and nothing else. What is known of an endpoint stays. */
  follow(wantedProbes: Iterable<WantedProbe<P>>): void {
    if (this.#isClosed) return;
    const wanted = new Set<string>();
    for (const one of wantedProbes) {
      const key = keyOf(one.service, one.endpoint);
      wanted.add(key);
      const known = this.#checks.get(key);
      const isSame =
        known !== undefined &&
        known.intervalMs === one.intervalMs &&
        known.unhealthyIntervalMs === one.unhealthyIntervalMs &&
        isEqual(known.probe, one.probe);
      if (isSame) continue;
      const check = known ?? { ...one, isUp: true, timer: undefined, isGone: false };
      Object.assign(check, one);
      this.#checks.set(key, check);
      this.#probeIn(check, this.#options.random() * Math.min(FIRST_MS, one.intervalMs));
    }
    for (const [key, check] of this.#checks) if (!wanted.has(key)) this.#forget(key, check);
    const services = new Set([...this.#checks.values()].map(({ service }) => service));
    for (const service of this.#results.keys()) if (!services.has(service)) this.#results.delete(service);
  }

  /** Takes an endpoint down before its next probe, which comes when it would for one that is down. */
  takeDown(service: string, endpoint: string): void {
    const check = this.#checks.get(keyOf(service, endpoint));
    if (check === undefined || !check.isUp) return;
    check.isUp = false;
    this.#down += 1;
    this.#probeIn(check, check.unhealthyIntervalMs * (0.9 + this.#options.random() / 5));
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

  #forget(key: string, check: Check<P>): void {
    clearTimeout(check.timer);
    check.isGone = true;
    if (!check.isUp) this.#down -= 1;
    this.#checks.delete(key);
  }

  #probeIn(check: Check<P>, ms: number): void {
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

  async #probe(check: Check<P>): Promise<void> {
    const { probe, random } = this.#options;
    this.#probing += 1;
    const reason = await probe(check.probe).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    this.#probing -= 1;
    if (!check.isGone) {
      this.#note(check, reason);
      this.#probeIn(check, (check.isUp ? check.intervalMs : check.unhealthyIntervalMs) * (0.9 + random() / 5));
    }
    this.#probeDue();
  }

  #note(check: Check<P>, reason: string | undefined): void {
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
