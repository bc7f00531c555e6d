import { isEqual } from "../../src/table/is-equal.ts";
import type { Problem } from "./problem.ts";

/** The problems of many objects, in the order of the objects' keys, each said once. */
export class ProblemList {
  readonly #byKey = new Map<string, readonly Problem[]>();
  #keys: string[] = [];
  #list: readonly Problem[] | undefined;

  /** Takes the place of the problems that `key` had. */
  set(key: string, problems: readonly Problem[]): void {
    const known = this.#byKey.get(key) ?? [];
    if (isEqual(known, problems)) return;
    this.#list = undefined;
    if (problems.length === 0) {
      this.#byKey.delete(key);
      this.#keys.splice(this.#place(key), 1);
      return;
    }
    this.#byKey.set(key, problems);
    if (known.length === 0) this.#keys.splice(this.#place(key), 0, key);
  }

  /** The very same list while nothing has changed. */
  list(): readonly Problem[] {
    this.#list ??= distinct(this.#keys.flatMap((key) => this.#byKey.get(key) ?? []));
    return this.#list;
  }

  #place(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What is wrong with a Service is found by each route that uses it. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ code, object, path, message }) => {
    const text = JSON.stringify([code, object.kind, object.namespace, object.name, path, message]);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
