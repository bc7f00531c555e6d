import { limited, sleep } from "../agent/time.ts";
import { decideLease, type LeaseDecision, type Observation } from "./decide-lease.ts";
import { type LeaseClient, LeaseError } from "./lease-client.ts";
import { isSameRecord, type Lease, type LeaseSpec, readRecord, toMicroTime } from "./lease-record.ts";

export interface LeaderElectorOptions {
  client: LeaseClient;
  namespace: string;
  name: string;
  /** Of this process alone, also after a restart: the Pod's name and something random. */
  identity: string;
  log: ElectorLog;
  /** How long others leave a Lease alone that does not change. Whole seconds. Default 15 s. */
  leaseDurationMs?: number;
  /** How long a leader believes after it asked for its last renewal. Default 10 s. */
  renewDeadlineMs?: number;
  /** Between two tries; who does not lead waits up to 2.2 times as long. Default 2 s. */
  retryPeriodMs?: number;
}

/** Takes log lines; pino's loggers do. */
interface ElectorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LeaderEvents {
  /** `transitions`: how often the Lease changed hands. It starts anew with a new Lease, so that it is no epoch. */
  onStarted(lead: { transitions: number }): void;
  /** Not called for what was given up by `release`. */
  onLost(): void;
}

/** client-go's: keeps replicas from trying at the same moment. */
const JITTER = 1.2;
const LATE = "the Lease could not be renewed in time";

type Phase = { name: "idle" } | { name: "following" } | { name: "leading"; untilMs: number } | { name: "stopped" };

/**
 * Takes part in choosing one leader by a Lease. Who leads renews every `retryPeriodMs`, and believes until
 * `renewDeadlineMs` after it *sent* its last successful renewal: that is before anyone's `leaseDurationMs` ends, since
 * theirs begins when they see the renewal. Two may still write at once (a request that was sent in time and arrives
 * late), so that writes need a fence of their own.
 */
export class LeaderElector {
  readonly #options: Required<LeaderElectorOptions>;
  #events: LeaderEvents | undefined;
  #phase: Phase = { name: "idle" };
  #lease: Lease | undefined;
  #observed: Observation | undefined;
  #expiry: NodeJS.Timeout | undefined;
  readonly #aborter = new AbortController();
  /** The step that is under way; the next begins behind it. */
  #turn: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | undefined;
  #lastFailure = "";

  /** Throws a RangeError for times by which two could lead. */
  constructor(options: LeaderElectorOptions) {
    const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * JITTER && retryPeriodMs > 0)) {
      throw new RangeError("A Lease needs leaseDuration > renewDeadline > 1.2 retryPeriod > 0");
    }
    this.#options = { ...options, leaseDurationMs, renewDeadlineMs, retryPeriodMs };
  }

  start(events: LeaderEvents): void {
    if (this.#phase.name !== "idle") throw new Error("This elector was started before");
    this.#events = events;
    this.#phase = { name: "following" };
    void this.#run();
  }

  /** By the monotonic clock at this very moment: a process that was frozen knows before it does anything. */
  isLeader(): boolean {
    return this.#phase.name === "leading" && performance.now() < this.#phase.untilMs;
  }

  /**
   * Asks the API server afresh, and renews. False when another leads.
   *
   * @throws LeaseError when the server cannot be asked; what `signal` was aborted with
   */
  confirm(signal: AbortSignal): Promise<boolean> {
    const ask = async () => {
      this.#lease = undefined;
      await this.#step();
      return this.isLeader();
    };
    return limited(() => this.#inTurn(ask), { ms: this.#options.renewDeadlineMs, signal });
  }

  /**
   * Stops, and gives the Lease up if it is held: no holder, one second, as client-go does. Resolves when the server
   * knows or could not be told in `renewDeadlineMs`; never rejects.
   */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #run(): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      try {
        await this.#inTurn(() => this.#step());
        this.#lastFailure = "";
      } catch (error) {
        this.#failed(error);
      }
      const { retryPeriodMs } = this.#options;
      const isLeading = this.#phase.name === "leading";
      const ms = isLeading ? retryPeriodMs : retryPeriodMs * (1 + JITTER * Math.random());
      await sleep(ms, this.#aborter.signal).catch(() => {});
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** One look at the Lease and one write, if it is for this process. A conflict is another's write: look again. */
  async #step(): Promise<void> {
    if (!this.isLeader()) this.#lose(LATE);
    for (let tries = 0; tries < 2 && !this.#aborter.signal.aborted; tries += 1) {
      if (!this.#isHeld()) await this.#look();
      const decision = this.#decide();
      if (decision.action === "wait") return;
      if (decision.action === "lost") {
        this.#lose(`${this.#observed?.record.holder || "somebody"} has written to the Lease`);
        continue;
      }
      const isWritten = await this.#write(decision);
      if (isWritten) return;
    }
  }

  /** A leader that knows the Lease as it wrote it need not read it again. */
  #isHeld(): boolean {
    return this.isLeader() && this.#lease !== undefined;
  }

  async #look(): Promise<void> {
    try {
      this.#observe(await this.#ask((client, signal) => client.get(signal)));
    } catch (error) {
      if (!isCode(error, "not-found")) throw error;
      this.#lease = undefined;
      this.#observed = undefined;
    }
  }

  #observe(lease: Lease): void {
    const record = readRecord(lease);
    this.#lease = lease;
    if (this.#observed === undefined || !isSameRecord(this.#observed.record, record)) {
      this.#observed = { record, atMs: performance.now() };
    }
  }

  #decide(): LeaseDecision {
    const { identity, leaseDurationMs } = this.#options;
    const isLeading = this.isLeader();
    return decideLease({ observed: this.#observed, nowMs: performance.now(), identity, isLeading, leaseDurationMs });
  }

  async #write(decision: LeaseDecision & { action: "acquire" | "renew" }): Promise<boolean> {
    const { identity, leaseDurationMs } = this.#options;
    const now = toMicroTime(Date.now());
    const lease = this.#leaseWith({
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: decision.acquireTime ?? now,
      renewTime: now,
      leaseTransitions: decision.transitions,
    });
    const sentAtMs = performance.now();
    try {
      const isNew = this.#lease === undefined;
      this.#observe(
        await this.#ask((client, signal) => (isNew ? client.create(lease, signal) : client.replace(lease, signal))),
      );
    } catch (error) {
      // What was sent may have been taken all the same: only another look can tell.
      this.#lease = undefined;
      if (isCode(error, "conflict") || isCode(error, "not-found")) return false;
      throw error;
    }
    this.#hold(sentAtMs + this.#options.renewDeadlineMs, decision.transitions);
    return true;
  }

  #leaseWith(spec: LeaseSpec): Lease {
    const { namespace, name } = this.#options;
    const metadata = this.#lease?.metadata ?? { name, namespace };
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata,
      spec: { ...this.#lease?.spec, ...spec },
    };
  }

  /** The Lease is written; leading until then, unless that is over already or this process is being stopped. */
  #hold(untilMs: number, transitions: number): void {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0 || this.#aborter.signal.aborted) return;
    const wasLeading = this.isLeader();
    if (!wasLeading) this.#lose(LATE);
    this.#phase = { name: "leading", untilMs };
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#lose(LATE), leftMs);
    if (wasLeading) return;
    this.#options.log.info({ transitions }, "leading");
    this.#events?.onStarted({ transitions });
  }

  #lose(reason: string): void {
    if (this.#phase.name !== "leading") return;
    clearTimeout(this.#expiry);
    this.#phase = { name: "following" };
    this.#options.log.warn({ reason }, "leading no more");
    this.#events?.onLost();
  }

  async #release(): Promise<void> {
    const { renewDeadlineMs, log } = this.#options;
    const wasStarted = this.#phase.name !== "idle";
    this.#phase = { name: "stopped" };
    clearTimeout(this.#expiry);
    this.#aborter.abort(new Error("The elector was stopped"));
    await this.#turn;
    if (!wasStarted) return;
    const limit = { ms: renewDeadlineMs, signal: new AbortController().signal };
    try {
      await limited((signal) => this.#giveUp(signal), limit);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, "the Lease could not be given up; another leads when it is over");
    }
  }

  /** Reads before it writes: a renewal that was cut off may have been taken, or be on its way still. */
  async #giveUp(signal: AbortSignal): Promise<void> {
    const { client, identity } = this.#options;
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        this.#lease = await client.get(signal);
        const { holder, transitions } = readRecord(this.#lease);
        if (holder !== identity) return;
        const now = toMicroTime(Date.now());
        const given = { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
        await client.replace(this.#leaseWith({ ...given, leaseTransitions: transitions }), signal);
        return;
      } catch (error) {
        if (isCode(error, "not-found")) return;
        if (!isCode(error, "conflict")) throw error;
      }
    }
  }

  /** Half the deadline for a request, so that one that hangs leaves time for another. */
  #ask(request: (client: LeaseClient, signal: AbortSignal) => Promise<Lease>): Promise<Lease> {
    const limit = { ms: this.#options.renewDeadlineMs / 2, signal: this.#aborter.signal };
    return limited((signal) => request(this.#options.client, signal), limit);
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#aborter.signal.aborted || reason === this.#lastFailure) return;
    this.#lastFailure = reason;
    this.#options.log.warn({ reason, isLeader: this.isLeader() }, "the Lease could not be read or written");
  }
}

const isCode = (error: unknown, code: LeaseError["code"]): boolean =>
  error instanceof LeaseError && error.code === code;
