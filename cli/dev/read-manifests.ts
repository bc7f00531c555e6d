import type { Table } from "../../src/table/table.ts";
import { type FolderCache, readFolder } from "../../sync-agent/source/folder-source.ts";
import type { ObjectReader } from "../../sync-agent/source/object-store.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import type { PrintableProblem } from "../print/format-problem.ts";
import { locateProblem } from "../print/locate-problem.ts";
import type { Amount } from "../print/nothing-read.ts";
import { toPrintable } from "../print/printable-problem.ts";
import type { FolderTranslator } from "./translate-folder.ts";

/** A folder as it is at one moment, with what it comes to. */
export interface Manifests {
  table: Table;
  objects: ObjectReader;
  problems: PrintableProblem[];
  amount: Amount;
  /** Some of the folder could not be read: it may hold more than the table shows. */
  isPartial: boolean;
}

const UNREADABLE = new Set<Problem["code"]>(["yaml-syntax", "file-unreadable"]);

/**
 * Reads and translates a folder. A file with a syntax error keeps the objects that it had.
 *
 * @throws what reading the folder itself throws
 */
export async function readManifests(
  dir: string,
  cache: FolderCache,
  translator: FolderTranslator,
  cwd: string,
): Promise<Manifests> {
  const folder = await readFolder(dir, { cache, keepLastGood: true });
  const { table, problems, objects } = await translator.translate(folder);
  const located = problems.map((problem) => toPrintable(problem, locateProblem(problem, folder), dir, cwd));
  const ofFiles = folder.problems.map((problem) => toPrintable(problem, problem.location, dir, cwd));
  return {
    table,
    objects,
    problems: [...ofFiles, ...located],
    amount: { files: folder.files.length, objects: folder.objects.length },
    isPartial: folder.problems.some(({ code }) => UNREADABLE.has(code)),
  };
}
