/** Asks the Worker's admin API for the generation it serves. */
export interface WorkerAdmin {
  /**
   * @returns the pointer's generation (`GET /api/generation`); undefined while the Worker has no table
   * @throws when the Worker cannot be asked
   */
  servedGeneration(signal: AbortSignal): Promise<number | undefined>;
}

export interface AwaitOptions {
  admin: WorkerAdmin;
  /** What is waited for: read again before each question; undefined when nothing is. */
  awaited(): number | undefined;
  onAnswer(generation: number): void;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
  signal: AbortSignal;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/**
 * Asks until the Worker serves what is awaited: first four times a second, since a new table is with an isolate within
 * that time or two, then ever more rarely. A Worker that cannot be asked is asked again; nobody is told of a guess.
 *
 * @returns when nothing is awaited any more, or the signal is aborted; never rejects
 */
export async function awaitServed({ admin, awaited, onAnswer, sleep, random, signal }: AwaitOptions): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const before = awaited();
    if (before === undefined || signal.aborted) return;
    const answer = await admin.servedGeneration(signal).catch(() => undefined);
    if (signal.aborted) return;
    if (answer !== undefined) onAnswer(answer);
    const open = awaited();
    if (open === undefined) return;
    if (open !== before) waitMs = FIRST_WAIT_MS / 2;
    try {
      await sleep(waitMs * (0.75 + random() / 2), signal);
    } catch {
      return;
    }
  }
}
