import { isEqual } from "../../src/table/is-equal.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Problem } from "../translate/problem.ts";
import type { Translation } from "../translate/translate.ts";
import type { AgentParts } from "./agent-parts.ts";
import { ProblemLog } from "./problem-log.ts";
import { PublishLoop } from "./publish-loop.ts";
import { onEvent, onRun, quietThrottle, type ThrottleState } from "./throttle.ts";
import { limited, sleep } from "./time.ts";

export interface AgentOptions {
  /** From the first change of a burst to the translation of the rest, and from one publish to the next. */
  throttleMs: number;
  /** In [0, 1). */
  random: () => number;
  /** How often what is published is looked at again, though nothing has changed. */
  confirmMs?: number;
  /** When a publish that does not end is given up. */
  attemptMs?: number;
  /** How often a replica that does not lead asks where the pointer is. */
  followMs?: number;
  /** How long a publish that is under way may take when the agent is told to stop. */
  stopMs?: number;
}

export interface Agent {
  readonly state: AgentState;
  /** Resolves when the first table is with the feed; never when the agent is stopped before. */
  readonly fed: Promise<void>;
  /** Stops following, ends or gives up the publish that is under way, gives up the lease, and closes the feed last. */
  stop(): Promise<void>;
}

/** `syncing`: no table yet, since not every source has been read. `running`: a table is fed, and published by the leader. */
type AgentState = { name: "syncing" } | { name: "running" } | { name: "stopping" } | { name: "stopped" };

/**
 * Follows the cluster: what changes is translated, fed to the relays at once by every replica, and published by the
 * one that leads. The feed never waits for the publisher: an endpoint that leaves reaches it while KV is away.
 */
export function createAgent(parts: AgentParts, options: AgentOptions): Agent {
  const agent = new RunningAgent(parts, options);
  agent.start();
  return agent;
}

class RunningAgent implements Agent {
  readonly fed: Promise<void>;
  readonly #parts: AgentParts;
  readonly #options: AgentOptions;
  readonly #problems: ProblemLog;
  readonly #publishing: PublishLoop;
  readonly #stopping = new AbortController();
  #state: AgentState = { name: "syncing" };
  #throttle: ThrottleState = quietThrottle;
  #timer: NodeJS.Timeout | undefined;
  #translation: Translation | undefined;
  #joined: { ofOthers: readonly Problem[]; ofTranslation: readonly Problem[]; all: readonly Problem[] } | undefined;
  #pointer: Pointer | null = null;
  #following: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #resolveFed: () => void = () => {};

  constructor(parts: AgentParts, options: AgentOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#problems = new ProblemLog(parts.log);
    this.fed = new Promise((resolve) => {
      this.#resolveFed = resolve;
    });
    const { publisher, lease, log, meter, hosts, source } = parts;
    const { throttleMs: paceMs, confirmMs = 60_000, attemptMs = 90_000, random } = options;
    this.#publishing = new PublishLoop({
      publisher,
      lease,
      log,
      meter,
      random,
      paceMs,
      confirmMs,
      attemptMs,
      onPublished: (table, pointer) => {
        this.#point(pointer);
        hosts.update({ table, objects: source.objects, mayDetach: true });
      },
      onRefused: (table) => hosts.update({ table, objects: source.objects, mayDetach: false }),
    });
  }

  get state(): AgentState {
    return this.#state;
  }

  start(): void {
    const { source, lease, statuses, hosts } = this.#parts;
    source.onChange(({ urgent }) => this.#changed(urgent));
    hosts.onChange(() => this.#changed(false));
    void source.synced.then(() => {
      if (this.#state.name !== "syncing") return;
      this.#state = { name: "running" };
      this.#changed(true);
    });
    lease.start({
      onStarted: (lead) => {
        this.#publishing.lead(lead);
        statuses.leads();
      },
      onLost: () => this.#publishing.standDown(),
    });
    this.#following = this.#follow();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #changed(isUrgent: boolean): void {
    if (this.#state.name !== "running") return;
    const now = performance.now();
    const { throttleMs } = this.#options;
    const before = this.#throttle.due;
    this.#throttle = onEvent(this.#throttle, { now, isUrgent, throttleMs });
    const { due } = this.#throttle;
    if (due === undefined || due === before) return;
    clearTimeout(this.#timer);
    // Even what is due now waits for the end of this step: a source tells of many changes in a row.
    this.#timer = setTimeout(() => this.#run(), due.at - now);
  }

  #run(): void {
    const startedAt = performance.now();
    const isUrgent = this.#throttle.due?.isUrgent ?? false;
    try {
      this.#translate(startedAt, isUrgent);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log.error({ reason }, "a change could not be taken in; this is a fault of Sluice");
      setTimeout(() => this.#changed(false), FAULT_PAUSE_MS).unref();
    }
    this.#throttle = onRun(this.#throttle, { startedAt, endedAt: performance.now() });
  }

  #translate(startedAt: number, isUrgent: boolean): void {
    const { source, translator, statuses, meter, hosts } = this.#parts;
    const translation = translator.translate(source.objects);
    const problems = this.#joinProblems([...source.problems(), ...hosts.problems()], translation.problems);
    meter.translated({ seconds: (performance.now() - startedAt) / 1000, translation, problems, isUrgent });
    const isFirst = this.#translation === undefined;
    const isChanged = this.#translation?.table !== translation.table;
    if (isChanged) this.#feed(translation);
    this.#translation = translation;
    if (isFirst) this.#resolveFed();
    const handle = statuses.translated(source.objects, problems);
    this.#publishing.offer({ table: translation.table, accepted: (generation) => handle.accepted(generation) });
    this.#problems.update(problems);
  }

  /** The very same list while nothing in it has changed. */
  #joinProblems(ofOthers: readonly Problem[], ofTranslation: readonly Problem[]): readonly Problem[] {
    const last = this.#joined;
    // Sources say what is wrong with new words each time; there is little of it.
    const isSame = last?.ofTranslation === ofTranslation && isEqual(last.ofOthers, ofOthers);
    if (isSame) return last.all;
    this.#joined = { ofOthers, ofTranslation, all: [...ofOthers, ...ofTranslation] };
    return this.#joined.all;
  }

  #feed({ table }: Translation): void {
    this.#parts.feed.publish({ pointer: this.#pointer, table });
  }

  #point(pointer: Pointer): void {
    const known = this.#pointer;
    if (known?.generation === pointer.generation && known.root === pointer.root) return;
    this.#pointer = pointer;
    this.#parts.meter.pointed(pointer);
    if (this.#translation !== undefined) this.#feed(this.#translation);
  }

  /** A replica that does not lead tells its relays where the pointer is, too; and a leader, of rollbacks by hand. */
  async #follow(): Promise<void> {
    const { publisher, log } = this.#parts;
    const { followMs = 2_000, random } = this.#options;
    const { signal } = this.#stopping;
    let hasFailed = false;
    while (!signal.aborted) {
      try {
        const pointer = await limited((limit) => publisher.pointer(limit), { ms: FOLLOW_TIMEOUT_MS, signal });
        // An older generation is an old answer: the beacon never goes back.
        if (pointer !== null && pointer.generation > (this.#pointer?.generation ?? 0)) this.#point(pointer);
        hasFailed = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!hasFailed) log.warn({ reason: String(error) }, "the pointer cannot be read; it is tried again");
        hasFailed = true;
      }
      await sleep(followMs * (0.75 + random() / 2), signal).catch(() => undefined);
    }
  }

  async #stop(): Promise<void> {
    const { source, lease, statuses, hosts, feed, publisher, log } = this.#parts;
    const { stopMs = 5_000 } = this.#options;
    this.#state = { name: "stopping" };
    clearTimeout(this.#timer);
    this.#stopping.abort();
    const never = new AbortController().signal;
    const step = async (what: string, work: Promise<unknown>): Promise<void> => {
      await limited(() => work, { ms: stopMs, signal: never }).catch((error: unknown) => {
        log.warn({ reason: String(error) }, `stopping: ${what} did not end well`);
      });
    };
    await Promise.all([
      step("the source", source.close()),
      step("the publisher", this.#publishing.close(stopMs * 0.8)),
      step("the statuses", statuses.close()),
      step("the hosts", hosts.close()),
    ]);
    // Not before: the next leader must not meet a publish of this one.
    await step("the lease", lease.release());
    await step("the pointer", this.#following);
    await step("the publisher", publisher.close());
    await step("the feed", feed.close());
    this.#state = { name: "stopped" };
  }
}

const FOLLOW_TIMEOUT_MS = 10_000;
/** What could not be taken in is tried again after this time. */
const FAULT_PAUSE_MS = 5_000;
