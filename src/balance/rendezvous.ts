import { fnv1a32 } from "../snapshot/fnv1a32.ts";

/** What `pickByKey` knows children by: made once of their names, which tell them apart over tables. */
export const hashNames = (names: readonly string[]): readonly number[] => names.map((name) => mix(fnv1a32(name)));

/**
 * Where a client stands with one child, evenly spread over the numbers between 0 and 1 (both excluded), and independent of
 * where it stands with any other.
 */
function standing(key: string, child: number): number {
  // The last step of MurmurHash3 over FNV, for the name and for both: FNV alone leaves keys that end alike close together.
  const hash = mix(fnv1a32(key, 0, child));
  return (hash + 0.5) / 2 ** 32;
}

function mix(state: number): number {
  let hash = state;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The child that a client belongs to, by weighted rendezvous hashing: the highest of -weight / ln(standing), as Traefik's
 * `hrw`. Of many clients each child gets its weight's share. Whoever belongs to a child stays there when its weight
 * grows beside the others', and when others come or go without taking it: a ramp moves nobody back.
 *
 * @param children their names' hashes (`hashNames`)
 * @returns an index; undefined when no child that has a weight can serve
 */
export function pickByKey(
  key: string,
  children: readonly number[],
  weights: readonly number[],
  canServe: (child: number) => boolean,
): number | undefined {
  let [picked, highest] = [undefined as number | undefined, 0];
  for (let child = 0; child < children.length; child++) {
    const weight = weights[child] ?? 0;
    if (!(weight > 0)) continue;
    const score = -weight / Math.log(standing(key, children[child] ?? 0));
    if (score > highest && canServe(child)) [picked, highest] = [child, score];
  }
  return picked;
}
