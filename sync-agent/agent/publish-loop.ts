import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import type { AgentMeter, LeaderLease, Log, PublishOutcome, TablePublisher } from "./agent-parts.ts";
import { type Attempt, judgeAttempt, nextStep, type PublishFacts, type PublishPace } from "./decide-publish.ts";
import { limited } from "./time.ts";
import { WakeUp } from "./wake-up.ts";

export interface PublishLoopOptions extends PublishPace {
  publisher: TablePublisher;
  lease: Pick<LeaderLease, "isLeader" | "confirm">;
  log: Log;
  meter: AgentMeter;
  random: () => number;
  /** When an attempt that does not end is given up. */
  attemptMs: number;
  /** The beacon accepted the pointer, or had it already. */
  onPublished(table: Table, pointer: Pointer): void;
  /** A table was refused: `table` stays published. */
  onRefused(table: Table): void;
}

/** A table to publish. */
export interface Work {
  table: Table;
  /** To be told of the generation in which it is served. */
  accepted(generation: number): void;
}

type Phase =
  | { name: "standby" }
  | { name: "leading"; transitions: number; epoch: number | undefined; aborter: AbortController }
  | { name: "closed" };

const DOUBT_MS = 1_000;

/**
 * Publishes the newest table, never two at a time, while this process leads. A table that comes while one is being
 * published takes the place of whatever was waiting. An attempt that was given up may still come through: then the
 * next one is refused as it expects another pointer, reads again, and puts the newest table over it.
 */
export class PublishLoop {
  readonly #options: PublishLoopOptions;
  readonly #wakeUp = new WakeUp();
  readonly #working: Promise<void>;
  #phase: Phase = { name: "standby" };
  #wanted: Work | undefined;
  #published: { table: Table; pointer: Pointer } | undefined;
  #held: Table | undefined;
  #lastRefusal: string | undefined;
  #failures = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(options: PublishLoopOptions) {
    this.#options = options;
    this.#working = this.#work();
  }

  /** Takes the place of the table that was waiting. */
  offer(work: Work): void {
    this.#wanted = work;
    if (this.#published?.table === work.table && this.#isLeading()) {
      work.accepted(this.#published.pointer.generation);
    }
    this.#wakeUp.wake();
  }

  /** To be called when this process begins to lead. */
  lead({ transitions }: { transitions: number }): void {
    if (this.#phase.name === "closed") return;
    this.#phase = { name: "leading", transitions, epoch: undefined, aborter: new AbortController() };
    // Another may have published meanwhile.
    this.#published = undefined;
    this.#held = undefined;
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.#options.meter.leads({ isLeader: true, epoch: undefined });
    this.#wakeUp.wake();
  }

  /** To be called when this process leads no more: what is under way is given up. */
  standDown(): void {
    if (this.#phase.name !== "leading") return;
    this.#phase.aborter.abort();
    this.#phase = { name: "standby" };
    this.#options.meter.leads({ isLeader: false, epoch: undefined });
    this.#wakeUp.wake();
  }

  /** Lets a publish that is under way come to its end for so long, then gives it up. */
  async close(graceMs: number): Promise<void> {
    const { aborter } = this.#phase.name === "leading" ? this.#phase : { aborter: undefined };
    this.#phase = { name: "closed" };
    this.#wakeUp.wake();
    const timer = setTimeout(() => aborter?.abort(), graceMs);
    await this.#working;
    clearTimeout(timer);
  }

  async #work(): Promise<void> {
    while (this.#phase.name !== "closed") {
      const now = performance.now();
      const step = nextStep(this.#facts(), this.#options, now);
      if (step.do === "wait") await this.#wakeUp.sleep(Math.min(step.until - now, this.#doubtMs()));
      else if (this.#phase.name === "leading") await this.#attempt(this.#phase, step.do);
    }
  }

  #facts(): PublishFacts {
    const table = this.#wanted?.table;
    const isSame = table !== undefined && this.#published?.table === table;
    return {
      isLeading: this.#isLeading(),
      epoch: this.#phase.name === "leading" ? this.#phase.epoch : undefined,
      wanted: table === undefined ? "nothing" : isSame ? "same" : table === this.#held ? "held" : "new",
      startedAt: this.#startedAt,
      confirmedAt: this.#confirmedAt,
      notBefore: this.#notBefore,
      heldUntil: this.#heldUntil,
    };
  }

  /** A process that was frozen wakes up before it is told that it leads no more. */
  #isLeading(): boolean {
    return this.#phase.name === "leading" && this.#options.lease.isLeader();
  }

  /** A lease that is neither lost nor valid says nothing when it is valid again. */
  #doubtMs(): number {
    return this.#phase.name === "leading" && !this.#isLeading() ? DOUBT_MS : Number.POSITIVE_INFINITY;
  }

  async #attempt(phase: Phase & { name: "leading" }, what: "claim" | "publish"): Promise<void> {
    const { meter, random, attemptMs } = this.#options;
    const work = this.#wanted;
    if (work === undefined) return;
    const startedAt = performance.now();
    if (what === "publish") this.#startedAt = startedAt;
    const { signal } = phase.aborter;
    const run = (limit: AbortSignal): Promise<Attempt> =>
      what === "claim" ? this.#claim(phase, limit) : this.#publish(phase, work, limit);
    const attempt = await limited(run, { ms: attemptMs, signal }).catch((error: unknown) =>
      this.#failed(error, phase, what),
    );
    const outcome = attempt.ended === "refused" ? attempt.reason : attempt.ended;
    meter.attempted({
      outcome: what === "claim" ? `claim-${outcome}` : outcome,
      seconds: (performance.now() - startedAt) / 1000,
    });
    if (attempt.ended !== "done") this.#failures += 1;
    // Claims succeed one after another where two writers take the epoch from each other.
    else if (what === "publish") this.#failures = 0;
    const verdict = judgeAttempt(attempt, this.#failures, random());
    const now = performance.now();
    switch (verdict.next) {
      case "rest":
        return;
      case "retry":
        this.#notBefore = now + verdict.afterMs;
        return;
      case "hold":
        this.#held = work.table;
        this.#heldUntil = now + verdict.afterMs;
        return;
      case "confirm-lease":
        return this.#confirmLease(phase);
    }
  }

  async #claim(phase: Phase & { name: "leading" }, signal: AbortSignal): Promise<Attempt> {
    const { publisher, log, meter } = this.#options;
    const epoch = await publisher.claim(phase.transitions, signal);
    if (signal.aborted) return { ended: "abandoned" };
    phase.epoch = epoch;
    log.info({ epoch, transitions: phase.transitions }, "leading: claimed an epoch");
    meter.leads({ isLeader: true, epoch });
    return { ended: "done" };
  }

  async #publish(phase: Phase & { name: "leading" }, work: Work, signal: AbortSignal): Promise<Attempt> {
    const { publisher } = this.#options;
    const { epoch } = phase;
    if (epoch === undefined) return { ended: "abandoned" };
    const outcome = await publisher.publish(work.table, { epoch, signal });
    if (signal.aborted && outcome.status === "refused") return { ended: "abandoned" };
    // What the beacon accepted is served, whatever became of this process's leadership since.
    if (outcome.status === "refused") return this.#refused(outcome);
    this.#accept(work, outcome);
    return { ended: "done" };
  }

  #accept(work: Work, { status, pointer, problems }: Exclude<PublishOutcome, { status: "refused" }>): void {
    const { log, meter, onPublished } = this.#options;
    const isNews = status === "published" || this.#published === undefined;
    this.#published = { table: work.table, pointer };
    this.#held = undefined;
    this.#lastRefusal = undefined;
    this.#confirmedAt = performance.now();
    meter.confirmed();
    const { generation, epoch } = pointer;
    if (isNews) {
      log.info(
        { generation, epoch },
        status === "published" ? "published" : "nothing to publish: it is served already",
      );
    }
    for (const { code, message } of problems) log.warn({ code, generation }, message);
    work.accepted(generation);
    onPublished(work.table, pointer);
  }

  #refused({ reason, message, plan, pointer }: PublishOutcome & { status: "refused" }): Attempt {
    const { log, onRefused } = this.#options;
    // Said again only when there is something new to say.
    const said = `${reason} ${message} ${plan}`;
    if (said !== this.#lastRefusal) {
      const fields = { reason, generation: pointer?.generation, ...(plan !== undefined && { plan }) };
      log[reason === "guarded" ? "error" : "warn"](fields, `not published: ${message}`);
    }
    this.#lastRefusal = said;
    if (this.#published !== undefined) onRefused(this.#published.table);
    return { ended: "refused", reason };
  }

  #failed(error: unknown, phase: Phase & { name: "leading" }, what: "claim" | "publish"): Attempt {
    if (phase.aborter.signal.aborted) return { ended: "abandoned" };
    const { publisher, log } = this.#options;
    const isFatal = publisher.isFatal(error);
    const reason = error instanceof Error ? error.message : String(error);
    log[isFatal ? "error" : "warn"](
      { reason, attempt: this.#failures + 1 },
      isFatal
        ? `${what} failed, and will go on failing until somebody mends it; relays are fed all the same`
        : `${what} failed; it is tried again`,
    );
    return { ended: "failed", isFatal };
  }

  async #confirmLease(phase: Phase & { name: "leading" }): Promise<void> {
    const { lease, log, random, attemptMs } = this.#options;
    const limit = { ms: attemptMs, signal: phase.aborter.signal };
    const isLeader = await limited((signal) => lease.confirm(signal), limit).catch(() => undefined);
    if (this.#phase !== phase) return;
    if (isLeader === false) {
      log.warn({}, "another has claimed a later epoch, and leads: standing down");
      this.standDown();
      return;
    }
    const verdict = judgeAttempt({ ended: "failed", isFatal: false }, this.#failures, random());
    this.#notBefore = performance.now() + (verdict.next === "retry" && this.#failures > 1 ? verdict.afterMs : 0);
    // Unknown counts as no: then the old epoch is kept, and refused, until the server answers.
    if (isLeader) phase.epoch = undefined;
  }
}
