import type { HandleConnection, Reader } from "./handle-connection.ts";
import { copyOfShared, giveBackOwn, keepCopy, shared, takeOwn } from "./shared-memory.ts";
import type { SpliceOptions } from "./splice-options.ts";

/**
 * Carries bytes between two connections as `splice` does.
 *
 * @param rest what had been read of the client before
 */
export function spliceHandles(
  client: HandleConnection,
  upstream: HandleConnection,
  options: SpliceOptions,
  rest?: Buffer,
): void {
  const carried: Carried = { options, open: 2, deadline: undefined, ends: [client, upstream] };
  const up = new Way(client, upstream, carried);
  const down = new Way(upstream, client, carried);
  up.opposite = down;
  down.opposite = up;
  client.readBy(up, shared);
  upstream.readBy(down, shared);
  if (rest === undefined || upstream.write(rest)) client.resume();
  upstream.resume();
}

/** What the two ways of a connection share. */
interface Carried {
  options: SpliceOptions;
  /** Ends that are not closed. */
  open: number;
  deadline: NodeJS.Timeout | undefined;
  ends: readonly HandleConnection[];
}

/** After so many reads of less than this, a connection gives its own memory back. */
const FEW_READS = 8;
const FEW_BYTES = 16 * 1024;

/** One of the two ways, from one end to the other. */
class Way implements Reader {
  readonly #from: HandleConnection;
  readonly #to: HandleConnection;
  readonly #carried: Carried;
  opposite: Way | undefined;
  /** Memory of its own that is read into. */
  #own: Buffer | undefined;
  #fewReads = 0;
  /** Bytes wait for the other end, and nothing is read meanwhile. */
  #isWaiting = false;
  #letGo: (() => void) | undefined;

  constructor(from: HandleConnection, to: HandleConnection, carried: Carried) {
    this.#from = from;
    this.#to = to;
    this.#carried = carried;
  }

  read(length: number): Uint8Array | undefined {
    const own = this.#own;
    const bytes = own === undefined ? copyOfShared(length) : length === own.length ? own : own.subarray(0, length);
    if (this.#to.write(bytes)) return this.#from.destroyed ? undefined : this.#adapt(length);
    this.#isWaiting = true;
    this.#from.pause();
    if (own === undefined) this.#letGo = keepCopy(bytes);
    return undefined;
  }

  ended(): void {
    this.#to.end();
    const carried = this.#carried;
    const { terminationDelayMs = -1 } = carried.options;
    if (terminationDelayMs < 0 || carried.open === 0 || carried.deadline !== undefined) return;
    carried.deadline = setTimeout(destroyAll, terminationDelayMs, carried.ends);
  }

  drained(): void {
    this.opposite?.sent();
  }

  closed(isReset: boolean): void {
    if (isReset || this.#to.isWritable) this.#to.reset();
    this.freeWhenOver();
    this.opposite?.freeWhenOver();
    const carried = this.#carried;
    carried.open -= 1;
    if (carried.open > 0) return;
    clearTimeout(carried.deadline);
    carried.options.onClose();
  }

  sent(): void {
    this.#isWaiting = false;
    this.#letGo?.();
    this.#letGo = undefined;
    this.freeWhenOver();
    this.#from.resume();
  }

  /** @returns the memory for the next read, where it is another */
  #adapt(length: number): Uint8Array | undefined {
    if (this.#own === undefined) {
      if (length < shared.length) return undefined;
      this.#fewReads = 0;
      this.#own = takeOwn();
      return this.#own;
    }
    this.#fewReads = length < FEW_BYTES ? this.#fewReads + 1 : 0;
    if (this.#fewReads < FEW_READS) return undefined;
    giveBackOwn(this.#own);
    this.#own = undefined;
    return shared;
  }

  /** The system neither reads nor writes the memory of an end that is closed. */
  freeWhenOver(): void {
    if (!this.#from.destroyed || (this.#isWaiting && !this.#to.destroyed)) return;
    this.#letGo?.();
    this.#letGo = undefined;
    if (this.#own !== undefined) giveBackOwn(this.#own);
    this.#own = undefined;
  }
}

function destroyAll(ends: readonly HandleConnection[]): void {
  for (const end of ends) end.destroy();
}
