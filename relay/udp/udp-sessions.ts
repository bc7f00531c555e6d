/** A session in the order of use. */
export interface KeptSession<T> {
  readonly client: string;
  readonly value: T;
  isOpen: boolean;
  /** On the clock of `now`. */
  lastAt: number;
  order: Order<T>;
  older: KeptSession<T> | undefined;
  newer: KeptSession<T> | undefined;
}

/** Sessions by their last use. */
interface Order<T> {
  oldest: KeptSession<T> | undefined;
  newest: KeptSession<T> | undefined;
}

/**
 * Sessions of one UDP entry point by client, bounded: one gives way to a new one. Those whose client has been heard once
 * only go first, so that a flood from addresses that nobody has displaces itself and not the clients that are there; of
 * equals the one idle for longest. A session ends when nothing came from either side for the idle time.
 */
export class UdpSessions<T> {
  readonly #sessions = new Map<string, KeptSession<T>>();
  readonly #options: UdpSessionsOptions<T>;
  /** Of clients heard once. */
  readonly #tentative: Order<T> = { oldest: undefined, newest: undefined };
  readonly #lasting: Order<T> = { oldest: undefined, newest: undefined };
  #limit: number;

  constructor(options: UdpSessionsOptions<T>) {
    this.#options = options;
    this.#limit = options.maxSessions;
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

  /** Begins a session by what a client sent first; one that the client had must have been ended. */
  begin(client: string, value: T): KeptSession<T> {
    if (this.#sessions.size < this.#limit / 2) this.#limit = this.#options.maxSessions;
    if (this.#sessions.size >= this.#limit) this.#giveWay();
    const session: KeptSession<T> = {
      client,
      value,
      isOpen: true,
      lastAt: this.#options.now(),
      order: this.#tentative,
      older: undefined,
      newer: undefined,
    };
    this.#sessions.set(client, session);
    append(session);
    return session;
  }

  /** Something more came from the client. */
  hear(session: KeptSession<T>): void {
    this.#use(session, this.#lasting);
  }

  /** Something came for the client. */
  answer(session: KeptSession<T>): void {
    this.#use(session, session.order);
  }

  /**
   * Ends a tenth of the sessions, and keeps no more than are left until half of them have ended: the system has no more
   * sockets, and others need some too.
   *
   * @returns false when there is none
   */
  makeRoom(): boolean {
    const { size } = this.#sessions;
    if (size === 0) return false;
    this.#limit = Math.max(1, Math.floor(size * 0.9));
    while (this.#sessions.size >= this.#limit && this.#giveWay());
    return true;
  }

  end(session: KeptSession<T>): void {
    if (!session.isOpen) return;
    session.isOpen = false;
    this.#sessions.delete(session.client);
    unlink(session);
    this.#options.ended(session.value);
  }

  /** Ends the sessions that were idle for too long. @returns milliseconds until the next may be, undefined for none */
  expire(): number | undefined {
    const now = this.#options.now();
    let next: number | undefined;
    for (const order of [this.#tentative, this.#lasting]) {
      for (let oldest = order.oldest; oldest !== undefined; oldest = order.oldest) {
        const left = oldest.lastAt + this.#options.idleTimeoutMs - now;
        if (left > 0) {
          next = Math.min(next ?? left, left);
          break;
        }
        this.end(oldest);
      }
    }
    return next;
  }

  endAll(): void {
    for (const session of [...this.#sessions.values()]) this.end(session);
  }

  #giveWay(): boolean {
    const session = this.#tentative.oldest ?? this.#lasting.oldest;
    if (session !== undefined) this.end(session);
    return session !== undefined;
  }

  #use(session: KeptSession<T>, order: Order<T>): void {
    session.lastAt = this.#options.now();
    if (session === order.newest || !session.isOpen) return;
    unlink(session);
    session.order = order;
    append(session);
  }
}

function append<T>(session: KeptSession<T>): void {
  const { order } = session;
  session.older = order.newest;
  session.newer = undefined;
  if (order.newest === undefined) order.oldest = session;
  else order.newest.newer = session;
  order.newest = session;
}

function unlink<T>({ order, older, newer }: KeptSession<T>): void {
  if (older === undefined) order.oldest = newer;
  else older.newer = newer;
  if (newer === undefined) order.newest = older;
  else newer.older = older;
}

export interface UdpSessionsOptions<T> {
  idleTimeoutMs: number;
  maxSessions: number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  ended: (value: T) => void;
}
