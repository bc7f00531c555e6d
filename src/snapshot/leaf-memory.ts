import type { Endpoints } from "../table/service.ts";

/** A leaf in memory: compiled routes, or endpoints by their key. */
export type LoadedLeaf<R> =
  | { readonly kind: "routes"; readonly routes: R; readonly bytes: number }
  | { readonly kind: "endpoints"; readonly endpoints: ReadonlyMap<string, Endpoints>; readonly bytes: number };

interface Held<R> {
  readonly leaf: LoadedLeaf<R>;
  usedAt: number;
}

/** Leaves by hash up to a budget of bytes; the least recently used goes first. The last one added always stays. */
export class LeafMemory<R> {
  readonly #budget: number;
  readonly #held = new Map<string, Held<R>>();
  #bytes = 0;
  #uses = 0;

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#held.size;
  }

  get(hash: string): LoadedLeaf<R> | undefined {
    const held = this.#held.get(hash);
    if (held === undefined) return undefined;
    held.usedAt = ++this.#uses;
    return held.leaf;
  }

  add(hash: string, leaf: LoadedLeaf<R>): void {
    if (this.#held.has(hash)) return;
    this.#held.set(hash, { leaf, usedAt: ++this.#uses });
    this.#bytes += leaf.bytes;
    if (this.#bytes > this.#budget) this.#evict(hash);
  }

  /** Sorts all leaves, so it frees an eighth of the budget at once to be needed seldom. */
  #evict(keep: string): void {
    const byAge = [...this.#held].filter(([hash]) => hash !== keep).sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [hash, { leaf }] of byAge) {
      if (this.#bytes <= this.#budget * (7 / 8)) return;
      this.#held.delete(hash);
      this.#bytes -= leaf.bytes;
    }
  }
}
