/** Every connection's reads land here first: ten thousand idle ones need no memory for it. */
export const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** Copies that wait to be sent keep memory of this size, so many of them; those beyond keep what they need. */
const MAX_WAITING = 64;
let waiting = 0;
/** What is copied to; whoever has bytes in it that wait takes it along. */
let scratch: Uint8Array = Buffer.allocUnsafeSlow(shared.length);
/** The last views of the two, since what comes is often as long as what came before. */
let ofShared = shared.subarray(0, 1);
let ofScratch: Uint8Array = scratch.subarray(0, 1);

/**
 * Copies what has come, since the next connection reads into the same memory.
 *
 * @returns memory that holds until the next copy, or longer after `keepCopy`
 */
export function copyOfShared(length: number): Uint8Array {
  if (ofShared.length !== length) ofShared = shared.subarray(0, length);
  if (waiting >= MAX_WAITING) return Buffer.from(ofShared);
  if (ofScratch.length !== length) ofScratch = scratch.subarray(0, length);
  ofScratch.set(ofShared);
  return ofScratch;
}

/** The last copy waits to be sent. @returns what is to be called when it has been */
export function keepCopy(copy: Uint8Array): (() => void) | undefined {
  if (copy !== ofScratch) return undefined;
  waiting += 1;
  const kept = scratch;
  scratch = spareScratches.pop() ?? Buffer.allocUnsafeSlow(shared.length);
  ofScratch = scratch.subarray(0, 1);
  return () => {
    waiting -= 1;
    if (spareScratches.length < MAX_SPARE) spareScratches.push(kept);
  };
}

const spareScratches: Uint8Array[] = [];

/** A connection that fills the shared memory gets some of its own: fewer system calls for the same bytes, and no copies. */
const OWN_BYTES = 256 * 1024;
/** Memory that nobody uses at present. */
const spare: Buffer[] = [];
const MAX_SPARE = 16;
/** Connections that have memory of their own, which may be idle with it: the others go on with the shared one. */
const MAX_OWN = 256;
let owned = 0;

/** @returns undefined when too many have some */
export function takeOwn(): Buffer | undefined {
  if (owned >= MAX_OWN) return undefined;
  owned += 1;
  return spare.pop() ?? Buffer.allocUnsafeSlow(OWN_BYTES);
}

/** Takes back memory that nothing is read into and nothing is sent from. */
export function giveBackOwn(memory: Buffer): void {
  owned -= 1;
  if (spare.length < MAX_SPARE) spare.push(memory);
}
