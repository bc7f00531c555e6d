import { ApiError } from "../source/cluster/api-client.ts";

/** One write to the API server. */
export interface Write {
  /** What it is about: a later write for the same takes its place. */
  key: string;
  /** What the service account needs to be allowed: `patch gateways/status in gateway.networking.k8s.io`. */
  permission: string;
  /** @throws ApiError */
  run(signal: AbortSignal): Promise<void>;
}

/** Takes log lines; pino's loggers do. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface WriteQueueOptions {
  isLeader(): boolean;
  log: Log;
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
  /** Default 20. */
  writesPerSecond?: number;
}

export interface WriteQueueStats {
  waiting: number;
  written: number;
  failed: number;
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** How long nothing is tried that the server has forbidden. */
const FORBIDDEN_MS = 5 * 60_000;

/**
 * Does writes one after another, at most so many a second, and only while this process leads. What is waiting is
 * replaced as a whole whenever it is planned anew, so that nothing out of date is ever written; what fails for good is
 * left to the next plan.
 */
export class WriteQueue {
  private readonly options: WriteQueueOptions;
  private readonly closing = new AbortController();
  private readonly forbiddenUntil = new Map<string, number>();
  private readonly stats: WriteQueueStats = { waiting: 0, written: 0, failed: 0 };
  private waiting = new Map<string, Write>();
  private running: Promise<void> | undefined;
  private failures = 0;
  /** How often it was planned. */
  private plans = 0;

  constructor(options: WriteQueueOptions) {
    this.options = options;
  }

  /** Puts these writes in the place of all that are waiting. */
  replace(writes: Iterable<Write>): void {
    const now = this.options.now();
    this.plans += 1;
    this.waiting = new Map();
    for (const write of writes) {
      if ((this.forbiddenUntil.get(write.permission) ?? 0) > now) continue;
      this.waiting.set(write.key, write);
    }
    if (this.waiting.size > 0 && !this.closing.signal.aborted) this.running ??= this.work();
  }

  /** For metrics. */
  status(): Readonly<WriteQueueStats> {
    return { ...this.stats, waiting: this.waiting.size };
  }

  /** Resolves when nothing is waiting or running; for what waits for another try that is when it was tried. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  /** Begins nothing any more, and ends what is under way. */
  async close(): Promise<void> {
    this.closing.abort();
    this.waiting.clear();
    await this.running;
  }

  private async work(): Promise<void> {
    const { writesPerSecond = 20, isLeader, sleep } = this.options;
    const { signal } = this.closing;
    try {
      while (this.waiting.size > 0 && isLeader()) {
        const [write] = this.waiting.values();
        if (write === undefined) break;
        this.waiting.delete(write.key);
        const pauseMs = await this.attempt(write, signal);
        await sleep(Math.max(pauseMs, 1000 / writesPerSecond), signal);
      }
    } catch {
      // Only a sleep that was ended by `close` rejects.
    } finally {
      this.running = undefined;
    }
  }

  /** @returns how long to wait before the next write, in milliseconds */
  private async attempt(write: Write, signal: AbortSignal): Promise<number> {
    const { plans } = this;
    try {
      await write.run(signal);
      this.stats.written += 1;
      this.failures = 0;
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      this.stats.failed += 1;
      return this.fail(write, error, plans === this.plans);
    }
  }

  /** @param isPlanned whether nothing else has been planned since the write began */
  private fail(write: Write, error: unknown, isPlanned: boolean): number {
    const { log, now, random } = this.options;
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof ApiError ? error.code : "refused";
    switch (code) {
      case "transient":
      case "unauthorized": {
        // A newer plan knows better: it has a newer write for the same, or none.
        if (isPlanned) this.waiting.set(write.key, write);
        const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** this.failures, LONGEST_BACKOFF_MS);
        this.failures = Math.min(this.failures + 1, 10);
        const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
        return Math.max(asked, ceiling * (0.5 + random() / 2));
      }
      case "forbidden":
        if (!this.forbiddenUntil.has(write.permission)) {
          const rule = `let the agent's ServiceAccount \`${write.permission}\``;
          log.warn({ permission: write.permission, reason }, `a status cannot be written: ${rule}`);
        }
        this.forbiddenUntil.set(write.permission, now() + FORBIDDEN_MS);
        for (const [key, { permission }] of this.waiting) if (permission === write.permission) this.waiting.delete(key);
        return 0;
      case "not-found":
      case "conflict":
      case "gone":
        return 0;
      case "refused":
        log.warn({ key: write.key, reason }, "the API server refuses a status");
        return 0;
    }
  }
}
