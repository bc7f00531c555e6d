import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";
import { applyChanges, emptyChanges, isEmpty, type TableChanges } from "../../src/table/table-changes.ts";
import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectChange, ObjectReader } from "../source/object-store.ts";
import { boundProblems } from "./bound-problems.ts";
import { clipProblem } from "./clip-problem.ts";
import { emptyFragment, type Fragment, refOf, type TranslateObject } from "./fragment.ts";
import { MergedFragments } from "./merge-fragments.ts";
import type { Problem } from "./problem.ts";
import { ProblemList } from "./problem-list.ts";
import { type Read, ReadIndex } from "./record-reads.ts";
import { translators } from "./registry.ts";
import type { TranslateSettings } from "./settings.ts";
import { type Contribution, compactPart } from "./table-part.ts";
import { createView } from "./view-objects.ts";

export interface Translation {
  /** Never changed in place; the very same table while nothing in it has changed. */
  table: Table;
  /** What made `table` out of the table of the translation before, the first time out of `emptyTable()`. */
  changes: TableChanges;
  /** Each said once, in the order of kinds and names; the very same list while nothing in it has changed. */
  problems: readonly Problem[];
  stats: {
    /** Objects that were translated, those of which nothing had changed included. */
    fragments: number;
    /** Those of them that were translated anew. */
    remade: number;
  };
}

export interface Translator {
  /**
   * The table of all objects. Translates again only what has changed since the last call; a store that has a journal
   * is asked what that is, of any other all that was read is compared.
   */
  translate(objects: ObjectReader): Translation;
}

/** Throws only for settings that cannot work (a label selector that does not parse). */
export function createTranslator(settings: TranslateSettings): Translator {
  return new IncrementalTranslator(settings);
}

interface Memo {
  readonly key: string;
  readonly translate: TranslateObject;
  object: KubernetesObject;
  reads: readonly Read<Memo>[];
  contribution: Contribution | undefined;
}

const kinds = Object.keys(translators) as Kind[];

class IncrementalTranslator implements Translator {
  readonly #settings: TranslateSettings;
  readonly #view: ReturnType<typeof createView>;
  #memos = new Map<string, Memo>();
  #reads = new ReadIndex<Memo>();
  #merged: MergedFragments;
  #problems = new ProblemList();
  #table = emptyTable();
  /** The store of the last call, and its version then. */
  #seen: { objects: ObjectReader; version: number } | undefined;
  #isNew = true;

  constructor(settings: TranslateSettings) {
    this.#settings = settings;
    this.#view = createView(settings);
    this.#merged = new MergedFragments(settings);
  }

  translate(objects: ObjectReader): Translation {
    try {
      return this.#translate(objects);
    } catch (error) {
      // What was taken in half way is not to be built upon, nor to be taken for seen.
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#memos = new Map();
    this.#reads = new ReadIndex();
    this.#merged = new MergedFragments(this.#settings);
    this.#problems = new ProblemList();
    this.#table = emptyTable();
    this.#seen = undefined;
    this.#isNew = true;
  }

  #translate(objects: ObjectReader): Translation {
    const { journal } = objects;
    const changes = this.#seen?.objects === objects ? journal?.since(this.#seen.version) : undefined;
    this.#seen = journal && { objects, version: journal.version };

    const visible = this.#view(objects);
    const outdated = this.#reads.outdated(objects, changes);
    const gone: Memo[] = [];
    const look = (key: string, kind: Kind, object: KubernetesObject | undefined): void => {
      const memo = this.#memos.get(key);
      const translate = translators[kind];
      if (object === undefined || translate === undefined) {
        if (memo !== undefined) gone.push(memo);
      } else if (memo === undefined) {
        const made: Memo = { key, translate, object, reads: [], contribution: undefined };
        this.#memos.set(key, made);
        outdated.add(made);
      } else if (memo.object !== object) {
        memo.object = object;
        outdated.add(memo);
      }
    };
    if (changes === undefined) this.#lookAtAll(visible, look);
    else lookAtChanged(changes, visible, look);
    return this.#update(gone, outdated, objects);
  }

  #lookAtAll(
    visible: ObjectReader,
    look: (key: string, kind: Kind, object: KubernetesObject | undefined) => void,
  ): void {
    const missing = new Set(this.#memos.values());
    for (const [rank, kind] of kinds.entries()) {
      for (const object of visible.list(kind)) {
        const key = memoKey(rank, object.metadata.namespace ?? "", object.metadata.name);
        const memo = this.#memos.get(key);
        if (memo !== undefined) missing.delete(memo);
        look(key, kind, object);
      }
    }
    for (const { key, object } of missing) look(key, object.kind as Kind, undefined);
  }

  #update(gone: readonly Memo[], outdated: Set<Memo>, objects: ObjectReader): Translation {
    for (const memo of gone) {
      this.#memos.delete(memo.key);
      this.#reads.forget(memo, memo.reads);
      this.#problems.set(memo.key, []);
      outdated.delete(memo);
    }
    const stats = { fragments: this.#memos.size, remade: outdated.size };
    if (gone.length === 0 && outdated.size === 0 && !this.#isNew) return this.#translation(emptyChanges(), stats);

    const leaving = [...gone, ...outdated].flatMap(({ contribution }) => contribution ?? []);
    const entering = [...outdated].map((memo) => this.#remake(memo, objects));
    const changes = this.#merged.update(leaving, entering);
    this.#problems.set(LAST, this.#merged.problems.map(clipProblem));
    if (!isEmpty(changes)) this.#table = applyChanges(this.#table, changes);
    this.#isNew = false;
    return this.#translation(changes, stats);
  }

  #remake(memo: Memo, objects: ObjectReader): Contribution {
    this.#reads.forget(memo, memo.reads);
    const recorded = this.#reads.record(objects, memo);
    const { table, problems } = guarded(memo.translate, memo.object, this.#view(recorded.objects), this.#settings);
    memo.reads = [...recorded.reads];
    memo.contribution = { key: memo.key, object: memo.object, table: compactPart(table) };
    this.#problems.set(memo.key, problems);
    return memo.contribution;
  }

  #translation(changes: TableChanges, stats: Translation["stats"]): Translation {
    return { table: this.#table, changes, problems: this.#problems.list(), stats };
  }
}

function lookAtChanged(
  changes: readonly ObjectChange[],
  visible: ObjectReader,
  look: (key: string, kind: Kind, object: KubernetesObject | undefined) => void,
): void {
  const seen = new Set<string>();
  for (const { kind, namespace, name } of changes) {
    const rank = kinds.indexOf(kind);
    if (rank === -1) continue;
    const key = memoKey(rank, namespace, name);
    if (seen.has(key)) continue;
    seen.add(key);
    look(key, kind, visible.get(kind, namespace, name));
  }
}

/** Sorts by the place of the kind in the registry, then by namespace and name. */
const memoKey = (rank: number, namespace: string, name: string): string =>
  [String(rank).padStart(2, "0"), namespace, name].join("\0");

/** Sorts behind every memo's key. */
const LAST = "~";

function guarded(
  translate: TranslateObject,
  object: KubernetesObject,
  objects: ObjectReader,
  settings: TranslateSettings,
): Fragment {
  try {
    const fragment = translate(object, objects, settings);
    return { ...fragment, problems: boundProblems(object, fragment.problems).map(clipProblem) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem: Problem = {
      code: "internal-error",
      severity: "error",
      object: refOf(object),
      path: [],
      message: `This ${object.kind} could not be translated: ${reason}`,
      hint: "Please report it with the object",
    };
    return { ...emptyFragment(), problems: [problem] };
  }
}
