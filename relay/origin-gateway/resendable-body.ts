/** Bytes of a body's beginning that are kept, unless told otherwise. Most calls are shorter. */
const MOST_KEPT = 64 * 1024;

/** What all bodies together may keep. */
export interface HeldBytes {
  /** Whether there is room for so many more; then they are taken. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** @param most bytes */
export function createHeldBytes(most: number): HeldBytes {
  let held = 0;
  return {
    take(bytes) {
      if (held + bytes > most) return false;
      held += bytes;
      return true;
    },
    give(bytes) {
      held -= bytes;
    },
  };
}

/** What a client sends, which can be sent anew as long as little of it was read and nobody has answered. */
export class ResendableBody {
  readonly #source: AsyncIterator<Buffer>;
  readonly #mostKept: number;
  readonly #held: HeldBytes | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isKeeping = true;
  #hasBegun = false;
  #reading: Promise<Buffer | undefined> | undefined;

  /** @param source never returned from: that would end streams which still have to be answered */
  constructor(source: AsyncIterable<Buffer>, mostKept = MOST_KEPT, held?: HeldBytes) {
    this.#source = source[Symbol.asyncIterator]();
    this.#mostKept = mostKept;
    this.#held = held;
  }

  /** Whether `read` begins with the first byte. */
  get isWhole(): boolean {
    return this.#isKeeping;
  }

  /** Whether some of it was read, or its end. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** From now on nothing is sent anew. */
  settle(): void {
    if (!this.#isKeeping) return;
    this.#isKeeping = false;
    this.#held?.give(this.#keptBytes);
  }

  /** Nobody reads on. */
  end(): void {
    this.settle();
    this.#kept = [];
    void this.#source.return?.().catch(() => {});
  }

  /** All of it, in its order. Only the newest reader may be relied on. */
  async *read(): AsyncGenerator<Buffer, void> {
    for (let next = 0; ; next++) {
      const kept = this.#kept[next];
      if (kept !== undefined) {
        yield kept;
        continue;
      }
      if (!this.#isKeeping && this.#kept.length > 0) {
        this.#kept = [];
        next = -1;
        continue;
      }
      // An older reader that still waits for the next chunk shares it, so that none is lost with it.
      this.#reading ??= this.#readNext();
      const chunk = await this.#reading;
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  async #readNext(): Promise<Buffer | undefined> {
    const { done, value } = await this.#source.next();
    this.#hasBegun = true;
    if (done) return undefined;
    this.#reading = undefined;
    if (!this.#isKeeping) return value;
    if (this.#keptBytes + value.length > this.#mostKept || this.#held?.take(value.length) === false) {
      this.settle();
      return value;
    }
    this.#keptBytes += value.length;
    this.#kept.push(value);
    return value;
  }
}
