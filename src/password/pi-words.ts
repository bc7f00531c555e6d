/** Bits worked with beyond those that are wanted, for what the divisions round off. */
const GUARD_BITS = 64n;
/** Each term of the series adds this many bits. */
const BITS_PER_TERM = 47;

/**
 * The first bits of the fraction of pi as 32-bit words, which Blowfish begins with. Computed, since that takes
 * milliseconds once, while the words would be a twentieth of the Worker. By the Chudnovsky brothers' series, with its
 * terms joined by halves (https://en.wikipedia.org/wiki/Chudnovsky_algorithm).
 */
export function piWords(count: number): Int32Array {
  const bits = BigInt(count * 32);
  const scale = 2n * (bits + GUARD_BITS);
  const [, q, t] = sumTerms(1n, BigInt(Math.ceil((count * 32) / BITS_PER_TERM) + 4));
  const pi = (q * 426880n * squareRoot(10005n << scale, scale)) / (13591409n * q + t);
  const digits = ((pi >> GUARD_BITS) - (3n << bits)).toString(16).padStart(count * 8, "0");
  return Int32Array.from({ length: count }, (_, index) => Number.parseInt(digits.slice(index * 8, index * 8 + 8), 16));
}

type Sum = [p: bigint, q: bigint, t: bigint];

function sumTerms(from: bigint, to: bigint): Sum {
  if (to - from === 1n) {
    const p = -(6n * from - 5n) * (2n * from - 1n) * (6n * from - 1n);
    return [p, 10939058860032000n * from * from * from, p * (13591409n + 545140134n * from)];
  }
  const middle = (from + to) >> 1n;
  const [p1, q1, t1] = sumTerms(from, middle);
  const [p2, q2, t2] = sumTerms(middle, to);
  return [p1 * p2, q1 * q2, t1 * q2 + p1 * t2];
}

/** By Newton, from above; `scale` is the number's own shift. */
function squareRoot(square: bigint, scale: bigint): bigint {
  let root = 101n << (scale / 2n);
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
