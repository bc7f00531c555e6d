import type { Folder } from "../../sync-agent/source/folder-source.ts";
import type { Location } from "../../sync-agent/source/locate.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";

/** Their place is the field's name, not its value. */
const ABOUT_NAMES = new Set<Problem["code"]>(["unknown-field", "misplaced-field"]);

/** The place of an object's problem; undefined when the object did not come from the folder. */
export function locateProblem({ object, path, span, code }: Problem, folder: Folder): Location | undefined {
  return folder.locate(object, path, { ...(span && { span }), key: ABOUT_NAMES.has(code) });
}
