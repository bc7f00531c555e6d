import type { TreeKv } from "../../src/snapshot/tree-store.ts";

/** How long a location keeps what it read, and also that a key was missing: KV's default `cacheTtl`. */
const CACHE_MS = 60_000;
const WRITE_INTERVAL_MS = 1_000;

interface Pending {
  keys: readonly string[];
  settle: () => void;
}

/**
 * Workers KV as its documentation describes it, on a clock of its own, for what miniflare's KV has none of: a write
 * shows elsewhere after up to a minute, a location caches hits and misses, a key takes one write a second, and reads
 * fail. Reads stay pending until `deliver`, so that a test decides how they interleave.
 *
 * See https://developers.cloudflare.com/kv/concepts/how-kv-works/ and .../kv/platform/limits/.
 */
export class FaultyKv {
  now = 1_000_000;
  isDown = false;
  /** Keys that no location finds, although they were written. */
  readonly lostKeys = new Set<string>();
  readonly #written = new Map<string, { value: string; visibleAt: number; writtenAt: number }[]>();
  #pending: Pending[] = [];
  /** Calls of `get` at all locations, each with its keys. */
  readonly calls: (readonly string[])[] = [];

  /** @param lateMs after which other locations can see the value */
  put(key: string, value: string, lateMs = 0): void {
    const versions = this.#written.get(key) ?? [];
    const last = versions.at(-1);
    if (last !== undefined && this.now - last.writtenAt < WRITE_INTERVAL_MS) {
      throw new Error("429 Too Many Requests: one write a second for a key");
    }
    versions.push({ value, visibleAt: this.now + lateMs, writtenAt: this.now });
    this.#written.set(key, versions);
  }

  /** All that was written shows everywhere from now on; nothing fails any more. */
  heal(): void {
    this.isDown = false;
    this.lostKeys.clear();
    for (const versions of this.#written.values()) {
      for (const version of versions) version.visibleAt = Math.min(version.visibleAt, this.now);
    }
  }

  get pendingReads(): number {
    return this.#pending.length;
  }

  /** Ends one pending read, with what the location sees at this moment. */
  deliver(position = 0): void {
    const [pending] = this.#pending.splice(position % Math.max(1, this.#pending.length), 1);
    pending?.settle();
  }

  /** A location of its own, with its own cache. */
  location(): TreeKv {
    const cache = new Map<string, { value: string | null; until: number }>();
    const read = (key: string): string | null => {
      const cached = cache.get(key);
      if (cached !== undefined && cached.until > this.now) return cached.value;
      const versions = this.lostKeys.has(key) ? undefined : this.#written.get(key);
      const value = versions?.findLast((version) => version.visibleAt <= this.now)?.value ?? null;
      cache.set(key, { value, until: this.now + CACHE_MS });
      return value;
    };
    return {
      get: (keys) => {
        this.calls.push(keys);
        return new Promise((resolve, reject) => {
          const settle = () => {
            if (keys.length > 100) reject(new Error("a bulk get takes at most 100 keys"));
            else if (this.isDown) reject(new Error("KV is away"));
            else resolve(new Map(keys.map((key) => [key, read(key)])));
          };
          this.#pending.push({ keys, settle });
        });
      },
    };
  }
}

/** Lets every promise that can go on do so. */
export const settlePromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
