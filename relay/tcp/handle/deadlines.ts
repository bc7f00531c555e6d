/** What must have come to its end in time. */
export interface Deadline {
  readonly atMs: number;
  /** Undefined when it has. */
  expire: (() => void) | undefined;
}

/** Those that are over are dropped from so many on, when they are the most. */
const MANY = 64;
const MOST = 4;

/**
 * The deadlines of one duration, of which nearly all are met within a millisecond: one timer for all of them, since one
 * for each costs as much as the rest of what is dialled.
 */
class Deadlines {
  readonly #durationMs: number;
  /** In the order in which they come. */
  #all: Deadline[] = [];
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  add(expire: () => void): Deadline {
    const deadline = { atMs: performance.now() + this.#durationMs, expire };
    if (this.#all.length >= MANY && this.#all.length > MOST * this.#open) this.#all = this.#all.filter(isOpen);
    this.#all.push(deadline);
    this.#open += 1;
    this.#timer ??= setTimeout(() => this.#look(), this.#durationMs).unref();
    return deadline;
  }

  meet(deadline: Deadline): void {
    if (deadline.expire === undefined) return;
    deadline.expire = undefined;
    this.#open -= 1;
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    const open = this.#all.filter(isOpen);
    // Timers may come a little early.
    const due = open.filter(({ atMs }) => atMs < now + 1);
    this.#all = open.slice(due.length);
    const [next] = this.#all;
    if (next !== undefined) this.#timer = setTimeout(() => this.#look(), Math.ceil(next.atMs - now)).unref();
    for (const deadline of due) {
      const { expire } = deadline;
      this.meet(deadline);
      expire?.();
    }
  }
}

const isOpen = ({ expire }: Deadline): boolean => expire !== undefined;

const byDuration = new Map<number, Deadlines>();

/** The deadlines of this many milliseconds. */
export function deadlinesOf(durationMs: number): Deadlines {
  let deadlines = byDuration.get(durationMs);
  if (deadlines === undefined) {
    deadlines = new Deadlines(durationMs);
    byDuration.set(durationMs, deadlines);
  }
  return deadlines;
}
