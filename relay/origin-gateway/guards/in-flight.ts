import type { Guard, Pass, Refusal } from "./guard.ts";

const REFUSAL: Refusal = { status: 429, text: "Too Many Requests" };

/** Requests that are on their way, by what they are counted under. As many entries as there are requests, at most. */
export class InFlight {
  readonly #counts = new Map<string, number>();

  /** @param key names the source, and who counts it */
  guard(key: string, amount: number, onRefused: () => void): Guard {
    return {
      enter: (): Pass | Refusal => {
        const count = this.#counts.get(key) ?? 0;
        if (count >= amount) {
          onRefused();
          return REFUSAL;
        }
        this.#counts.set(key, count + 1);
        return { answered() {}, left: () => this.#leave(key) };
      },
    };
  }

  #leave(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }
}
