import { piWords } from "./pi-words.ts";

/** A hash of bcrypt, `$2b$10$<salt><digest>` and its like, in its parts. */
export interface BcryptHash {
  /** The binary logarithm of the rounds. */
  cost: number;
  salt: Uint8Array;
  /** The first 23 bytes of what bcrypt makes; the last is never written. */
  digest: Uint8Array;
}

const FORM = /^\$2[abxy]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BOXES = 18;

/** Undefined for what is not a hash of bcrypt. */
export function parseBcrypt(text: string): BcryptHash | undefined {
  const [, cost, salt = "", digest = ""] = FORM.exec(text) ?? [];
  if (cost === undefined || Number(cost) < 4 || Number(cost) > 31) return undefined;
  return { cost: Number(cost), salt: decode(salt, 16), digest: decode(digest, 23) };
}

/** The words that each state begins with: 18 subkeys, then four boxes of 256. */
let initial: Int32Array | undefined;

/**
 * The digest of a password: the key set-up of Blowfish, its rounds doubled with each step of the cost, then a text
 * encrypted 64 times (Provos and Mazieres, "A Future-Adaptable Password Scheme", 1999). What the password has past 72
 * bytes does not count.
 */
export function bcrypt(password: Uint8Array, { cost, salt }: Pick<BcryptHash, "cost" | "salt">): Uint8Array {
  initial ??= piWords(BOXES + 1024);
  const state = initial.slice();
  const key = cycle(Uint8Array.of(...password.subarray(0, 72), 0), BOXES);
  const saltWords = cycle(salt, BOXES);
  const halves = new Int32Array(2);
  mixKey(state, key);
  fill(state, saltWords, halves);
  for (let round = 2 ** cost; round > 0; round--) {
    mixKey(state, key);
    fill(state, undefined, halves);
    mixKey(state, saltWords);
    fill(state, undefined, halves);
  }
  const text = cycle(new TextEncoder().encode("OrpheanBeholderScryDoubt"), 6);
  for (let block = 0; block < 6; block += 2) {
    halves.set(text.subarray(block, block + 2));
    for (let time = 0; time < 64; time++) encrypt(state, halves);
    text.set(halves, block);
  }
  const bytes = new DataView(new ArrayBuffer(24));
  for (const [index, word] of text.entries()) bytes.setInt32(index * 4, word);
  return new Uint8Array(bytes.buffer, 0, 23);
}

/** The first words of bytes that begin again at their end. */
const cycle = (bytes: Uint8Array, words: number): Int32Array =>
  Int32Array.from({ length: words }, (_, word) => {
    let value = 0;
    for (let index = 4 * word; index < 4 * word + 4; index++) {
      value = (value << 8) | (bytes[index % bytes.length] ?? 0);
    }
    return value;
  });

function mixKey(state: Int32Array, key: Int32Array): void {
  for (let index = 0; index < BOXES; index++) state[index] = (state[index] ?? 0) ^ (key[index] ?? 0);
}

/** Encrypts zeros, or the salt, over the whole state; each block goes into the next. */
function fill(state: Int32Array, salt: Int32Array | undefined, halves: Int32Array): void {
  halves.fill(0);
  for (let index = 0; index < state.length; index += 2) {
    if (salt !== undefined) {
      // The salt is four words long.
      halves[0] = (halves[0] ?? 0) ^ (salt[index & 3] ?? 0);
      halves[1] = (halves[1] ?? 0) ^ (salt[(index + 1) & 3] ?? 0);
    }
    encrypt(state, halves);
    state[index] = halves[0] ?? 0;
    state[index + 1] = halves[1] ?? 0;
  }
}

/** One block of Blowfish: 16 rounds, two at a time. */
function encrypt(state: Int32Array, halves: Int32Array): void {
  let left = (halves[0] as number) ^ (state[0] as number);
  let right = halves[1] as number;
  for (let round = 1; round < 17; round += 2) {
    right ^= mix(state, left) ^ (state[round] as number);
    left ^= mix(state, right) ^ (state[round + 1] as number);
  }
  halves[0] = right ^ (state[17] as number);
  halves[1] = left;
}

const mix = (state: Int32Array, half: number): number =>
  ((((state[18 + (half >>> 24)] as number) + (state[274 + ((half >>> 16) & 255)] as number)) ^
    (state[530 + ((half >>> 8) & 255)] as number)) +
    (state[786 + (half & 255)] as number)) |
  0;

/** Bcrypt's own base64: big-endian, without padding. */
function decode(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    const bit = index * 8;
    const at = Math.floor(bit / 6);
    const sixes = (ALPHABET.indexOf(text.charAt(at)) << 6) | Math.max(0, ALPHABET.indexOf(text.charAt(at + 1)));
    bytes[index] = sixes >> (4 - (bit % 6));
  }
  return bytes;
}
