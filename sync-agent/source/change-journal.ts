import type { ObjectChange, ObjectJournal } from "./object-store.ts";

/** A burst larger than this is cheaper to find by looking at everything. */
const REMEMBERED_CHANGES = 8192;

/** Remembers the last changes, at least `limit` of them. */
export class ChangeJournal implements ObjectJournal {
  readonly #limit: number;
  #changes: ObjectChange[] = [];
  #forgotten = 0;

  constructor(limit = REMEMBERED_CHANGES) {
    this.#limit = limit;
  }

  get version(): number {
    return this.#forgotten + this.#changes.length;
  }

  since(version: number): readonly ObjectChange[] | undefined {
    return version < this.#forgotten ? undefined : this.#changes.slice(version - this.#forgotten);
  }

  add(change: ObjectChange): void {
    this.#changes.push(change);
    if (this.#changes.length < 2 * this.#limit) return;
    this.#forgotten += this.#changes.length - this.#limit;
    this.#changes = this.#changes.slice(-this.#limit);
  }
}
