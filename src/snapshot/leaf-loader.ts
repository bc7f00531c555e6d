import type { Report } from "../observe/report.ts";
import type { RouteLeaf } from "../table/snapshot.ts";
import { createClosedLog } from "./closed-log.ts";
import { leafKey } from "./leaf-keys.ts";
import { LeafMemory, type LoadedLeaf } from "./leaf-memory.ts";
import { readEndpointLeaf, readRouteLeaf } from "./read-leaf.ts";
import type { TreeStore } from "./tree-store.ts";

export type LeafKind = "routes" | "endpoints";

export interface LeafLoaderOptions<R> {
  /** Makes of a route leaf what requests are matched by. What it throws makes the leaf unreadable. */
  compileRoutes: (leaf: RouteLeaf) => R;
  /** Characters of leaf text that memory holds at most. */
  byteBudget: number;
  report: Report;
}

/** Leaves by hash: in memory, or read, parsed and compiled once. */
export class LeafLoader<R> {
  readonly memory: LeafMemory<R>;
  readonly #store: TreeStore;
  readonly #compileRoutes: (leaf: RouteLeaf) => R;
  readonly #tellClosed: ReturnType<typeof createClosedLog>;

  constructor(store: TreeStore, { compileRoutes, byteBudget, report }: LeafLoaderOptions<R>) {
    this.#store = store;
    this.#compileRoutes = compileRoutes;
    this.#tellClosed = createClosedLog(report);
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
      if (kind === "routes") {
        const { data, unread } = readRouteLeaf(text);
        this.#tellClosed(leafKey(hash), unread);
        return { kind, routes: this.#compileRoutes(data), bytes: text.length };
      }
      const { data, unread } = readEndpointLeaf(text);
      this.#tellClosed(leafKey(hash), unread);
      return { kind, endpoints: new Map(Object.entries(data.endpoints)), bytes: text.length };
    } catch (error) {
      this.#store.markBroken(leafKey(hash), "leaf-malformed", String(error));
      return undefined;
    }
  }
}
