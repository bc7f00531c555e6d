/** A session in the order of use. */
export interface KeptSession<T> {
  readonly client: string;
  readonly value: T;
  /** On the clock of `now`. */
  lastAt: number;
  older: KeptSession<T> | undefined;
  newer: KeptSession<T> | undefined;
}

/**
 * Sessions of one UDP entry point by client, bounded: the one idle for longest gives way to a new one. A session ends
 * when nothing came from either side for the idle time.
 */
export class UdpSessions<T> {
  readonly #sessions = new Map<string, KeptSession<T>>();
  readonly #options: UdpSessionsOptions<T>;
  #oldest: KeptSession<T> | undefined;
  #newest: KeptSession<T> | undefined;

  constructor(options: UdpSessionsOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  *values(): Generator<T, void> {
    for (const { value } of this.#sessions.values()) yield value;
  }

  find(client: string): KeptSession<T> | undefined {
    return this.#sessions.get(client);
  }

  /** Begins a session; one that the client had must have been ended. */
  begin(client: string, value: T): KeptSession<T> {
    if (this.#sessions.size >= this.#options.maxSessions && this.#oldest !== undefined) this.end(this.#oldest);
    const session: KeptSession<T> = {
      client,
      value,
      lastAt: this.#options.now(),
      older: undefined,
      newer: undefined,
    };
    this.#sessions.set(client, session);
    this.#append(session);
    return session;
  }

  /** Something came from one of its sides. */
  touch(session: KeptSession<T>): void {
    session.lastAt = this.#options.now();
    if (session === this.#newest || this.#sessions.get(session.client) !== session) return;
    this.#unlink(session);
    this.#append(session);
  }

  end(session: KeptSession<T>): void {
    if (this.#sessions.get(session.client) !== session) return;
    this.#sessions.delete(session.client);
    this.#unlink(session);
    this.#options.ended(session.value);
  }

  /** Ends the sessions that were idle for too long. @returns milliseconds until the next may be, undefined for none */
  expire(): number | undefined {
    const now = this.#options.now();
    for (let oldest = this.#oldest; oldest !== undefined; oldest = this.#oldest) {
      const left = oldest.lastAt + this.#options.idleTimeoutMs - now;
      if (left > 0) return left;
      this.end(oldest);
    }
    return undefined;
  }

  endAll(): void {
    for (const session of [...this.#sessions.values()]) this.end(session);
  }

  #append(session: KeptSession<T>): void {
    session.older = this.#newest;
    session.newer = undefined;
    if (this.#newest === undefined) this.#oldest = session;
    else this.#newest.newer = session;
    this.#newest = session;
  }

  #unlink({ older, newer }: KeptSession<T>): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}

export interface UdpSessionsOptions<T> {
  idleTimeoutMs: number;
  maxSessions: number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  ended: (value: T) => void;
}
