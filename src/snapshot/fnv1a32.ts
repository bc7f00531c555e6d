const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * FNV-1a of the UTF-16 units of `text` from `start`, low byte first and the high byte only where there is one: for
 * ASCII the same as over its bytes. `state` continues an earlier hash.
 *
 * @returns an unsigned 32-bit number
 */
export function fnv1a32(text: string, start = 0, state = OFFSET_BASIS): number {
  let hash = state;
  for (let index = start; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), PRIME);
    if (unit > 0xff) hash = Math.imul(hash ^ (unit >> 8), PRIME);
  }
  return hash >>> 0;
}
