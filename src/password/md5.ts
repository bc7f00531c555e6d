const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
/** `floor(2^32 * |sin(i + 1)|)` (RFC 1321, section 3.4). */
const SINES = Int32Array.from({ length: 64 }, (_, index) => Math.floor(2 ** 32 * Math.abs(Math.sin(index + 1))) | 0);

/**
 * MD5 (RFC 1321), for what was hashed with it long ago: nobody should choose it today. Runtimes have it behind a promise
 * or not at all, and MD5-crypt needs a thousand in a row.
 */
export function md5(message: Uint8Array): Uint8Array {
  const blocks = ((message.length + 8) >> 6) + 1;
  const padded = new DataView(new ArrayBuffer(blocks * 64));
  new Uint8Array(padded.buffer).set(message);
  padded.setUint8(message.length, 0x80);
  padded.setUint32(blocks * 64 - 8, message.length << 3, true);
  padded.setUint32(blocks * 64 - 4, message.length >>> 29, true);

  let [a, b, c, d] = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  for (let block = 0; block < blocks * 64; block += 64) {
    const [a0, b0, c0, d0] = [a, b, c, d];
    for (let step = 0; step < 64; step++) {
      const round = step >> 4;
      let mixed: number;
      let word: number;
      if (round === 0) [mixed, word] = [(b & c) | (~b & d), step];
      else if (round === 1) [mixed, word] = [(d & b) | (~d & c), 5 * step + 1];
      else if (round === 2) [mixed, word] = [b ^ c ^ d, 3 * step + 5];
      else [mixed, word] = [c ^ (b | ~d), 7 * step];
      const sum = (a + mixed + (SINES[step] ?? 0) + padded.getInt32(block + (word & 15) * 4, true)) | 0;
      const shift = SHIFTS[round * 4 + (step & 3)] ?? 0;
      [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
    }
    [a, b, c, d] = [(a + a0) | 0, (b + b0) | 0, (c + c0) | 0, (d + d0) | 0];
  }
  const digest = new DataView(new ArrayBuffer(16));
  for (const [index, word] of [a, b, c, d].entries()) digest.setInt32(index * 4, word, true);
  return new Uint8Array(digest.buffer);
}
