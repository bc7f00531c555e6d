import { setImmediate } from "node:timers/promises";
import { type AskForTokens, createRateLimits, type RateLimits } from "../../src/rate-limit/rate-limits.ts";
import { type Bucket, fullBucket, type Limit, takeTokens } from "../../src/rate-limit/token-bucket.ts";

/** Isolates and the one who counts for them, on a clock that only moves when something happens. */
export class Simulation {
  now = 0;
  readonly counts: Record<string, number> = {};
  readonly reports: unknown[] = [];
  /** Milliseconds that a question and its answer are on their way. */
  latencyMs: () => number = () => 0;
  /** Whether a question is answered, never, or by an error. */
  fate: () => "answer" | "hang" | "throw" = () => "answer";
  asked = 0;
  readonly #timers: { at: number; run: () => void }[] = [];
  readonly #buckets = new Map<string, Bucket>();

  readonly startTimer = (run: () => void, ms: number): (() => void) => {
    const timer = { at: this.now + ms, run };
    this.#timers.push(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  };

  isolate(options: { maxSources?: number; ask?: AskForTokens | undefined } = {}): RateLimits {
    return createRateLimits({
      ask: (name, source, limit, want) => this.#ask(name, source, limit, want),
      maxSources: 1000,
      now: () => this.now,
      startTimer: this.startTimer,
      count: (event) => {
        this.counts[event] = (this.counts[event] ?? 0) + 1;
      },
      report: (event) => this.reports.push(event),
      ...options,
    });
  }

  /** Runs until nothing is left to happen. */
  async run(): Promise<void> {
    await setImmediate();
    for (;;) {
      let next = this.#timers[0];
      for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
      if (next === undefined) return;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.run();
      await setImmediate();
    }
  }

  async #ask(name: string, source: string, limit: Limit, want: number) {
    this.asked++;
    const fate = this.fate();
    if (fate === "throw") throw new Error("overloaded");
    if (fate === "hang") return new Promise<never>(() => {});
    await this.#sleep(this.latencyMs());
    const key = `${name}/${source}`;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = fullBucket(limit, this.now);
      this.#buckets.set(key, bucket);
    }
    const grant = takeTokens(bucket, limit, want, this.now);
    await this.#sleep(this.latencyMs());
    return grant;
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.startTimer(resolve, ms));
  }
}
