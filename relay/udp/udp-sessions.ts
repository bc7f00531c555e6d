/**
 * Sessions of one UDP entry point by client, bounded: the one idle for longest gives way to a new one. A session ends
 * when nothing came from either side for the idle time.
 */
export class UdpSessions<T> {
  readonly #sessions = new Map<string, { value: T; lastAt: number }>();
  readonly #options: UdpSessionsOptions<T>;

  constructor(options: UdpSessionsOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  *values(): Generator<T, void> {
    for (const { value } of this.#sessions.values()) yield value;
  }

  find(client: string): T | undefined {
    return this.#sessions.get(client)?.value;
  }

  /** Begins a session; one that the client had must have been ended. */
  begin(client: string, value: T): void {
    if (this.#sessions.size >= this.#options.maxSessions) this.#endOldest();
    this.#sessions.set(client, { value, lastAt: this.#options.now() });
  }

  /** Something came from one of its sides. */
  touch(client: string): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    session.lastAt = this.#options.now();
    // A map keeps the order of insertion: the one idle for longest stays first.
    this.#sessions.delete(client);
    this.#sessions.set(client, session);
  }

  end(client: string): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#sessions.delete(client);
    this.#options.ended(session.value);
  }

  /** Ends the sessions that were idle for too long. @returns milliseconds until the next may be, undefined for none */
  expire(): number | undefined {
    const now = this.#options.now();
    for (const [client, { lastAt }] of this.#sessions) {
      const left = lastAt + this.#options.idleTimeoutMs - now;
      if (left > 0) return left;
      this.end(client);
    }
    return undefined;
  }

  endAll(): void {
    for (const client of [...this.#sessions.keys()]) this.end(client);
  }

  #endOldest(): void {
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.end(oldest);
  }
}

export interface UdpSessionsOptions<T> {
  idleTimeoutMs: number;
  maxSessions: number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  ended: (value: T) => void;
}
