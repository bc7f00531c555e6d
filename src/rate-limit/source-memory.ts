/** Something kept for each of the sources seen lately. */
export interface SourceMemory<T> {
  readonly size: number;
  /** What is kept under a key, made now where nothing is. */
  get(key: string, make: () => T): T;
}

/**
 * Keeps at least the half of `maxEntries` that was asked for last, and never more than all: in two maps, of which the
 * older is dropped when the newer is full. So a flood of sources costs no sorting, and bounded memory.
 */
export function createSourceMemory<T>(maxEntries: number): SourceMemory<T> {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  return {
    get size() {
      return young.size + old.size;
    },
    get(key, make) {
      const known = young.get(key);
      if (known !== undefined) return known;
      const entry = old.get(key) ?? make();
      old.delete(key);
      if (young.size >= maxEntries / 2) [old, young] = [young, new Map()];
      young.set(key, entry);
      return entry;
    },
  };
}
