import type { Readable } from "node:stream";

/** Bytes of a call's beginning that are kept until a Pod has answered. Most calls are shorter. */
const MOST_KEPT = 64 * 1024;

/** What a client sends, which can be sent anew as long as little of it was read and nobody has answered. */
export class CallBody {
  readonly #source: AsyncIterator<Buffer>;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isKeeping = true;
  #reading: Promise<Buffer | undefined> | undefined;

  constructor(source: Readable) {
    this.#source = source.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  }

  /** Whether `read` begins with the first byte. */
  get isWhole(): boolean {
    return this.#isKeeping;
  }

  /** From now on nothing is sent anew. */
  settle(): void {
    this.#isKeeping = false;
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
    if (done) return undefined;
    this.#reading = undefined;
    this.#keptBytes += value.length;
    if (this.#keptBytes > MOST_KEPT) this.#isKeeping = false;
    if (this.#isKeeping) this.#kept.push(value);
    return value;
  }
}
