import * as z from "zod/mini";
import { endpointLeafSchema, type RouteLeaf, routeLeafSchema } from "../table/snapshot.ts";
import { leafKey } from "./leaf-keys.ts";
import { LeafMemory, type LoadedLeaf } from "./leaf-memory.ts";
import type { TreeStore } from "./tree-store.ts";

export type LeafKind = "routes" | "endpoints";

/** Leaves by hash: in memory, or read, parsed and compiled once. */
export class LeafLoader<R> {
  readonly memory: LeafMemory<R>;
  readonly #store: TreeStore;
  readonly #compileRoutes: (leaf: RouteLeaf) => R;

  constructor(store: TreeStore, compileRoutes: (leaf: RouteLeaf) => R, byteBudget: number) {
    this.#store = store;
    this.#compileRoutes = compileRoutes;
    this.memory = new LeafMemory(byteBudget);
  }

  /** Whether a leaf is worth asking KV for. @param insist also when it was missing a moment ago */
  isWorthReading(hash: string, insist: boolean): boolean {
    const unreadable = this.#store.unreadable(leafKey(hash));
    return unreadable === undefined || (insist && unreadable === "missing");
  }

  /**
   * Loads leaves in one round of reads.
   *
   * @returns those that could be read, held by the caller whatever the memory's budget lets go
   */
  async load(hashes: readonly string[], kind: LeafKind): Promise<Map<string, LoadedLeaf<R>>> {
    const texts = await this.#store.read(hashes.map(leafKey));
    const loaded = new Map<string, LoadedLeaf<R>>();
    for (const hash of hashes) {
      const text = texts.get(leafKey(hash));
      if (text === undefined) continue;
      const leaf = this.memory.get(hash) ?? this.#parse(hash, text, kind);
      if (leaf === undefined) continue;
      this.memory.add(hash, leaf);
      loaded.set(hash, leaf);
    }
    return loaded;
  }

  #parse(hash: string, text: string, kind: LeafKind): LoadedLeaf<R> | undefined {
    try {
      const value: unknown = JSON.parse(text);
      if (kind === "routes") {
        return { kind, routes: this.#compileRoutes(z.parse(routeLeafSchema, value)), bytes: text.length };
      }
      const { endpoints } = z.parse(endpointLeafSchema, value);
      return { kind, endpoints: new Map(Object.entries(endpoints)), bytes: text.length };
    } catch (error) {
      this.#store.markBroken(leafKey(hash), "leaf-malformed", String(error));
      return undefined;
    }
  }
}
