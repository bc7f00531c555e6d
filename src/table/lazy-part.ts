/** A part that nobody reads is made after so many changes all the same, so that they do not add up for ever. */
const MOST_CHANGES = 1_000;

type State<T, C> =
  | { readonly made: T }
  | { readonly from: LazyPart<T, C>; readonly changes: C; readonly depth: number };

/**
 * A part of a table that is made of an older one when it is first read. A table of very many things changes often and
 * is seldom read as a whole, and a copy of it costs more than all else that a change costs.
 */
export class LazyPart<T, C> {
  readonly #apply: (value: T, changes: readonly C[]) => T;
  #state: State<T, C>;

  private constructor(state: State<T, C>, apply: (value: T, changes: readonly C[]) => T) {
    this.#state = state;
    this.#apply = apply;
  }

  /** @param apply makes changes, the first one first, to a value that stays as it is */
  static of<T, C>(value: T, apply: (value: T, changes: readonly C[]) => T): LazyPart<T, C> {
    return new LazyPart<T, C>({ made: value }, apply);
  }

  changed(changes: C): LazyPart<T, C> {
    const depth = "made" in this.#state ? 1 : this.#state.depth + 1;
    const part = new LazyPart<T, C>({ from: this, changes, depth }, this.#apply);
    if (depth === MOST_CHANGES) part.read();
    return part;
  }

  /** What has made this part out of `earlier`, the first change first; undefined when that is forgotten. */
  changesSince(earlier: LazyPart<T, C>): C[] | undefined {
    const changes: C[] = [];
    let part: LazyPart<T, C> = this;
    while (part !== earlier) {
      if ("made" in part.#state) return undefined;
      changes.push(part.#state.changes);
      part = part.#state.from;
    }
    return changes.reverse();
  }

  read(): T {
    const changes: C[] = [];
    let state = this.#state;
    while (!("made" in state)) {
      changes.push(state.changes);
      state = state.from.#state;
    }
    if (changes.length === 0) return state.made;
    const made = this.#apply(state.made, changes.reverse());
    this.#state = { made };
    return made;
  }
}
