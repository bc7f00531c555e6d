import { Client } from "undici";
import { watched } from "./connect-options.ts";
import type { Connection, ConnectionNeed, ConnectionPool } from "./connection.ts";

/**
 * HTTP/1.1 connections to one target, a request at a time on each. The one that was used last is taken first, so that
 * those beyond what the load needs grow idle and close.
 */
export class Http1Pool implements ConnectionPool {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #maxIdle: number;
  readonly #now: () => number;
  readonly #all = new Set<PooledClient>();
  readonly #idle: PooledClient[] = [];
  #isRetired = false;

  /** @param now milliseconds */
  constructor(origin: string, options: Client.Options, maxIdle: number, now: () => number) {
    this.#origin = origin;
    this.#options = options;
    this.#maxIdle = maxIdle;
    this.#now = now;
  }

  take({ maxIdleMs, watchMs }: ConnectionNeed): Connection {
    const youngest = this.#idle.at(-1);
    const isYoungEnough = youngest !== undefined && maxIdleMs > 0 && this.#now() - youngest.idleSince <= maxIdleMs;
    return (isYoungEnough ? this.#idle.pop() : undefined) ?? this.#create(watchMs);
  }

  closeIdle(): void {
    for (const pooled of this.#idle.splice(0)) this.#drop(pooled);
  }

  retire(): void {
    this.#isRetired = true;
    this.closeIdle();
  }

  async destroy(): Promise<void> {
    this.#isRetired = true;
    this.#idle.length = 0;
    await Promise.all([...this.#all].map(({ dispatcher }) => dispatcher.destroy()));
    this.#all.clear();
  }

  #create(watchMs: number): PooledClient {
    const options = watchMs > 0 ? { ...this.#options, ...watched(this.#options, watchMs) } : this.#options;
    const dispatcher = new Client(this.#origin, options);
    const pooled: PooledClient = {
      dispatcher,
      isReused: false,
      idleSince: 0,
      release: (isReusable) => {
        if (!isReusable || this.#isRetired || this.#idle.length >= this.#maxIdle) return this.#drop(pooled);
        pooled.isReused = true;
        pooled.idleSince = this.#now();
        this.#idle.push(pooled);
      },
    };
    // A client that finds its connection closed dials anew.
    dispatcher.on("connect", () => {
      pooled.isReused = false;
    });
    dispatcher.on("disconnect", () => {
      const place = this.#idle.indexOf(pooled);
      if (place === -1) return;
      this.#idle.splice(place, 1);
      this.#drop(pooled);
    });
    this.#all.add(pooled);
    return pooled;
  }

  /** At once, not when what it carries is done: an attempt that was given up may still be dialling. */
  #drop(pooled: PooledClient): void {
    this.#all.delete(pooled);
    void pooled.dispatcher.destroy();
  }
}

interface PooledClient extends Connection {
  readonly dispatcher: Client;
  isReused: boolean;
  idleSince: number;
}
