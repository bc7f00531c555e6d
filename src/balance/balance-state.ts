import { createRotation, createShare, type Rotation } from "./rotation.ts";

/** Where each service's rotation stands, over new tables. */
export interface BalanceState {
  /** The rotation of a weighted service; it starts anew, at another random place, when its weights have changed. */
  rotation(service: string, weights: readonly number[]): Rotation;
  /** The share of one mirror of a service, by the mirror's place in its list. */
  share(service: string, mirror: number, percent: number): Rotation;
}

export interface BalanceStateOptions {
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  /** Rotations kept; the one asked for longest ago goes first. */
  maxEntries?: number;
}

/** One for each isolate. */
export function createBalanceState({ random, maxEntries = 10_000 }: BalanceStateOptions): BalanceState {
  const rotations = new Map<string, Rotation>();

  function keep(key: string, found: Rotation | undefined, create: () => Rotation): Rotation {
    const rotation = found ?? create();
    rotations.delete(key);
    if (rotations.size >= maxEntries) {
      const oldest = rotations.keys().next();
      if (!oldest.done) rotations.delete(oldest.value);
    }
    rotations.set(key, rotation);
    return rotation;
  }

  return {
    rotation(service, weights) {
      const key = `weighted ${service}`;
      const known = rotations.get(key);
      return keep(key, known !== undefined && sameWeights(known.weights, weights) ? known : undefined, () =>
        createRotation(weights, random()),
      );
    },
    share(service, mirror, percent) {
      const key = `mirror ${mirror} ${percent} ${service}`;
      return keep(key, rotations.get(key), () => createShare(percent, random()));
    },
  };
}

const sameWeights = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((weight, child) => weight === b[child]);
