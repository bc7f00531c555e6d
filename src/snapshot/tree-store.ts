import { waitAtMost } from "../beacon/look.ts";
import type { Report } from "../observe/report.ts";

/** Reads values of the snapshot tree; a missing key is null. At most `MAX_KEYS_PER_GET` keys a call. */
export interface TreeKv {
  get(keys: readonly string[]): Promise<ReadonlyMap<string, string | null>>;
}

/** Where values that were once read stay readable while KV is not: the data centre's cache. */
export interface LastGoodCache {
  get(key: string): Promise<string | undefined>;
  /** Never fails, and is not waited for. */
  put(key: string, value: string): void;
}

/** Bounds how long a read may take: KV that hangs is as good as KV that is away. */
export interface ReadDeadline {
  ms: number;
  /** Calls back after some milliseconds, and returns what stops it. */
  startTimer: (callback: () => void, ms: number) => () => void;
}

/** KV's bulk get takes no more. */
export const MAX_KEYS_PER_GET = 100;

/** How long a key that could not be read is left alone while something else can serve. */
const RETRY_MISSING_AFTER_MS = 2_000;
/** The same for a value that was read and is of no use: it is immutable, so only a newer Worker changes that. */
const RETRY_BROKEN_AFTER_MS = 30_000;
const MAX_REMEMBERED = 1024;

export interface TreeStoreOptions {
  kv: TreeKv;
  deadline?: ReadDeadline | undefined;
  lastGood?: LastGoodCache | undefined;
  report: Report;
  /** Milliseconds. */
  now: () => number;
}

/**
 * Reads immutable keys: from KV, else from the last good cache. Remembers for a while what it could not read, so that
 * a broken key is not asked for by every request.
 */
export class TreeStore {
  readonly #kv: TreeKv;
  readonly #deadline: ReadDeadline | undefined;
  readonly #lastGood: LastGoodCache | undefined;
  readonly #report: Report;
  readonly #now: () => number;
  readonly #unreadable = new Map<string, { until: number; broken: boolean }>();

  constructor(options: TreeStoreOptions) {
    this.#kv = options.kv;
    this.#deadline = options.deadline;
    this.#lastGood = options.lastGood;
    this.#report = options.report;
    this.#now = options.now;
  }

  get unreadableCount(): number {
    return this.#unreadable.size;
  }

  /** @returns `missing`: worth another try when nothing else serves; `broken`: not before its time */
  unreadable(key: string): "missing" | "broken" | undefined {
    const entry = this.#unreadable.get(key);
    if (entry === undefined || entry.until <= this.#now()) return undefined;
    return entry.broken ? "broken" : "missing";
  }

  /** To be called for a value that was read and cannot be used. */
  markBroken(key: string, event: string, detail: string): void {
    this.#remember(key, RETRY_BROKEN_AFTER_MS, true);
    this.#report({ event, key, detail });
  }

  /** @returns the values that could be read; one round of reads when KV has them all */
  async read(keys: readonly string[]): Promise<Map<string, string>> {
    const values = new Map<string, string>();
    const calls: Promise<void>[] = [];
    for (let start = 0; start < keys.length; start += MAX_KEYS_PER_GET) {
      calls.push(this.#readFromKv(keys.slice(start, start + MAX_KEYS_PER_GET), values));
    }
    await Promise.all(calls);
    const missing = keys.filter((key) => !values.has(key));
    if (missing.length > 0) await Promise.all(missing.map((key) => this.#readFromCache(key, values)));
    return values;
  }

  async #readFromKv(keys: readonly string[], values: Map<string, string>): Promise<void> {
    try {
      const reading = this.#kv.get(keys);
      const found = await (this.#deadline
        ? waitAtMost(reading, this.#deadline.ms, this.#deadline.startTimer)
        : reading);
      if (found === undefined) throw new Error(`no answer within ${this.#deadline?.ms} ms`);
      for (const key of keys) {
        const value = found.get(key);
        if (value == null) continue;
        values.set(key, value);
        this.#unreadable.delete(key);
        this.#lastGood?.put(key, value);
      }
    } catch (error) {
      this.#report({ event: "kv-unreadable", keys: keys.length, detail: String(error) });
    }
  }

  async #readFromCache(key: string, values: Map<string, string>): Promise<void> {
    this.#remember(key, RETRY_MISSING_AFTER_MS, false);
    try {
      const value = await this.#lastGood?.get(key);
      if (value !== undefined) {
        values.set(key, value);
        return;
      }
    } catch (error) {
      this.#report({ event: "last-good-unreadable", key, detail: String(error) });
    }
    this.#report({ event: "key-missing", key });
  }

  #remember(key: string, forMs: number, broken: boolean): void {
    this.#unreadable.delete(key);
    this.#unreadable.set(key, { until: this.#now() + forMs, broken });
    for (const oldest of this.#unreadable.keys()) {
      if (this.#unreadable.size <= MAX_REMEMBERED) break;
      this.#unreadable.delete(oldest);
    }
  }
}
