import type { KubernetesObject } from "./kubernetes-object.ts";

/** With more edits than this, sorting anew is no dearer. */
const MOST_EDITS = 64;

/** Objects by key, and as a list in the order of keys that is brought up to date when it is asked for. */
export class SortedObjects {
  readonly #objects = new Map<string, KubernetesObject>();
  #keys: readonly string[] = [];
  #list: readonly KubernetesObject[] = [];
  /** Keys of what has changed since the list was made; undefined when there were too many. */
  #edited: Set<string> | undefined = new Set();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubernetesObject | undefined {
    return this.#objects.get(key);
  }

  set(key: string, object: KubernetesObject): void {
    this.#objects.set(key, object);
    this.#note(key);
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#note(key);
  }

  /** Never changed in place, and the very same one while nothing has changed. */
  list(): readonly KubernetesObject[] {
    if (this.#edited === undefined) {
      this.#keys = [...this.#objects.keys()].sort();
      this.#list = this.#keys.flatMap((key) => this.#objects.get(key) ?? []);
    } else if (this.#edited.size > 0) this.#edit(this.#edited);
    this.#edited = new Set();
    return this.#list;
  }

  #note(key: string): void {
    this.#edited?.add(key);
    if (this.#edited !== undefined && this.#edited.size > MOST_EDITS) this.#edited = undefined;
  }

  #edit(edited: ReadonlySet<string>): void {
    const keys = [...this.#keys];
    const list = [...this.#list];
    for (const key of edited) {
      const object = this.#objects.get(key);
      const index = placeOf(key, keys);
      const removed = keys[index] === key ? 1 : 0;
      keys.splice(index, removed, ...(object === undefined ? [] : [key]));
      list.splice(index, removed, ...(object === undefined ? [] : [object]));
    }
    this.#keys = keys;
    this.#list = list;
  }
}

/** The index of the first key that is not before `key`. */
function placeOf(key: string, keys: readonly string[]): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
