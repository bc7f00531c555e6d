import { isEqual } from "../../src/table/is-equal.ts";

interface Entry<T> {
  value: T;
  /** How often it is held. */
  holders: number;
}

/**
 * The entries of one part of the table, each there for as long as somebody holds it. What two hold under one name at
 * one time is equal. A value that is only made again keeps its identity.
 */
export class PublishedEntries<T> {
  readonly #entries = new Map<string, Entry<T>>();
  /** What was touched since `settle`, with the value from before. */
  readonly #touched = new Map<string, { before: T | undefined }>();

  hold(name: string, value: T): void {
    const entry = this.#entries.get(name);
    this.#touch(name, entry?.value);
    if (entry === undefined) this.#entries.set(name, { value, holders: 1 });
    else {
      if (entry.holders === 0) entry.value = value;
      entry.holders += 1;
    }
  }

  release(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#touch(name, entry.value);
    entry.holders -= 1;
  }

  /** @returns what has changed since the last call */
  settle(): { put: Record<string, T>; removed: string[] } {
    const put: [string, T][] = [];
    const removed: string[] = [];
    for (const [name, { before }] of this.#touched) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      if (entry.holders <= 0) {
        this.#entries.delete(name);
        if (before !== undefined) removed.push(name);
      } else if (before === undefined) put.push([name, entry.value]);
      else if (isEqual(before, entry.value)) entry.value = before;
      else put.push([name, entry.value]);
    }
    this.#touched.clear();
    return { put: Object.fromEntries(put), removed };
  }

  #touch(name: string, before: T | undefined): void {
    if (!this.#touched.has(name)) this.#touched.set(name, { before });
  }
}
