/** A clock that moves only when the code under test sleeps or a test says so: nothing waits, and every wait is seen. */
export class ManualClock {
  /** Milliseconds since 1970. */
  time = Date.UTC(2026, 10, 21, 8, 0, 0);
  readonly waits: number[] = [];

  readonly now = (): number => this.time;

  readonly sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    this.waits.push(ms);
    this.time += ms;
    // Lets what else is under way go on, as a timer would.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  };
}
