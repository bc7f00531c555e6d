import { emptyTable, type Table } from "../../src/table/table.ts";
import type { Kind, KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import { applyEntryPoints } from "./apply-entry-points.ts";
import { clipProblem } from "./clip-problem.ts";
import { emptyFragment, type Fragment, refOf, type TranslateObject } from "./fragment.ts";
import { dropUnreferenced, mergeFragments } from "./merge-fragments.ts";
import type { Problem } from "./problem.ts";
import { type Reads, recordReads } from "./record-reads.ts";
import { translators } from "./registry.ts";
import type { TranslateSettings } from "./settings.ts";
import { createView } from "./view-objects.ts";

export interface Translation {
  table: Table;
  problems: Problem[];
  stats: {
    /** Objects that were translated, those of which nothing had changed included. */
    fragments: number;
    /** Those of them that were translated anew. */
    remade: number;
  };
}

export interface Translator {
  /** The table of all objects. Translates again only what has changed since the last call. */
  translate(objects: ObjectReader): Translation;
}

interface Memo {
  object: KubernetesObject;
  reads: Reads;
  fragment: Fragment;
}

/** Throws only for settings that cannot work (a label selector that does not parse). */
export function createTranslator(settings: TranslateSettings): Translator {
  const view = createView(settings);
  let memos = new Map<string, Memo>();
  let last: Translation | undefined;

  const translateOne = (translate: TranslateObject, object: KubernetesObject, objects: ObjectReader): Memo => {
    const { reader, reads } = recordReads(objects);
    return { object, reads, fragment: guarded(translate, object, view(reader), settings) };
  };

  return {
    translate(objects) {
      const visible = view(objects);
      const next = new Map<string, Memo>();
      let remade = 0;
      for (const [kind, translate] of Object.entries(translators)) {
        for (const object of visible.list(kind as Kind)) {
          const key = `${kind}\0${object.metadata.namespace ?? ""}\0${object.metadata.name}`;
          const memo = memos.get(key);
          const isCurrent = memo !== undefined && memo.object === object && memo.reads.unchanged(objects);
          if (!isCurrent) remade += 1;
          next.set(key, isCurrent ? memo : translateOne(translate, object, objects));
        }
      }
      const isSame = remade === 0 && next.size === memos.size;
      memos = next;
      const stats = { fragments: next.size, remade };
      last = last !== undefined && isSame ? { ...last, stats } : assemble([...next.values()], settings, stats);
      return last;
    },
  };
}

function guarded(
  translate: TranslateObject,
  object: KubernetesObject,
  objects: ObjectReader,
  settings: TranslateSettings,
): Fragment {
  try {
    const fragment = translate(object, objects, settings);
    return { ...fragment, problems: fragment.problems.map(clipProblem) };
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

function assemble(memos: readonly Memo[], settings: TranslateSettings, stats: Translation["stats"]): Translation {
  const merged = mergeFragments(memos.map(({ object, fragment }) => ({ ref: refOf(object), fragment })));
  const applied = applyEntryPoints(merged, settings);
  const entryPoints: Table["entryPoints"] = {};
  for (const [name, { port, forwardedHeaders }] of Object.entries(settings.entryPoints)) {
    entryPoints[name] = { port, ...(forwardedHeaders === undefined ? {} : { forwardedHeaders }) };
  }
  const table = dropUnreferenced({ ...emptyTable(), ...applied.table, entryPoints });
  return {
    table,
    problems: [...memos.flatMap(({ fragment }) => fragment.problems), ...applied.problems.map(clipProblem)],
    stats,
  };
}
