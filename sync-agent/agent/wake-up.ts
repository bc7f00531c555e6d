/** A sleep that somebody else can end. Being woken before falling asleep counts. */
export class WakeUp {
  #isWoken = false;
  #wake: (() => void) | undefined;

  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Resolves once woken, or when the time has passed; an infinite time never does. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => this.#wake?.(), Math.min(ms, LONGEST_TIMER_MS)) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        this.#isWoken = false;
        this.#wake = undefined;
        resolve();
      };
      if (this.#isWoken) this.#wake();
    });
  }
}

/** Longer ones fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
