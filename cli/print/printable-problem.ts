import { join, relative } from "node:path";
import type { Location } from "../../sync-agent/source/locate.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import type { PrintableProblem } from "./format-problem.ts";

/**
 * Makes a problem of an object printable.
 *
 * @param location its place, in a file named relative to `dir`
 * @param cwd what the printed file name is relative to
 */
export function toPrintable(
  { code, severity, message, hint, object }: Problem,
  location: Location | undefined,
  dir: string,
  cwd: string,
): PrintableProblem {
  return {
    code,
    severity,
    message,
    ...(hint !== undefined && { hint }),
    ...(object.kind !== "File" && {
      subject: `${object.kind} ${object.namespace && `${object.namespace}/`}${object.name}`,
    }),
    ...(location && { location: { ...location, file: fileName(dir, location.file, cwd) } }),
  };
}

/** As short as it can be pasted into an editor's command line. */
function fileName(dir: string, file: string, cwd: string): string {
  const path = dir.endsWith(file) ? dir : join(dir, file);
  const short = relative(cwd, path);
  return short === "" || short.startsWith("..") ? path : short;
}
